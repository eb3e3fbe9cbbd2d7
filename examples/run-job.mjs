import { createPikaci } from 'pikaci';

const at = JSON.parse(process.env.PIKACI_QUICKSTART_HOST); // the line that `./scripts/host up` prints
const prepared = JSON.parse(process.env.PIKACI_QUICKSTART_PREPARED);
const ssh = `${at.user}@${at.host}:${at.port}`;
const created = createPikaci({
  host: { ssh, identityFile: at.identityFile, knownHostsFile: at.knownHostsFile },
  incus: { project: at.project, profile: at.profile, image: at.image },
  workDir: at.workDir,
});
if (created.isErr()) throw new Error(created.error.message);
const vitest = '/workspace/node_modules/vitest/vitest.mjs';
const run = await created.value.runJob({
  workspace: process.cwd(),
  job: {
    id: 'unit-tests',
    command: `node ${vitest} run --configLoader runner --project unit test/unit/domain`,
    env: { PATH: '/opt/node/bin:/usr/bin:/bin', NO_COLOR: '1' },
    writableWorkspace: true,
    artifacts: ['/artifacts/**'],
    preparedOutputs: [
      { name: 'node', path: prepared.node },
      { name: 'npm-packages', path: prepared.packages },
    ],
  },
  events: { emit: (event) => event.type === 'log_bytes' && process.stdout.write(event.data) },
});
await created.value.close();
if (run.isErr()) throw new Error(run.error.message);
console.log(run.value.outcome.status, run.value.outcome.exit_code, run.value.state.jobDir);
