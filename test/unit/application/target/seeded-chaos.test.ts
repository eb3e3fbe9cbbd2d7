import { expect, it } from 'vitest';
import { loadRunRecord } from '../../../../src/application/records/load-run-record.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { PikaciConfigInput } from '../../../../src/domain/config/config.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { Random } from '../../../support/chaos/random.js';
import { MortalRunner } from '../../../support/mortal-runner.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

const FIRST_SEED = 1001;
const ROUNDS = 200;
/** As many calls a run of these jobs makes, about: it is killed at one of them, or lives. */
const CALLS = 400;

/** How each command ends. */
const endsWith: Record<string, number> = { passes: 0, fails: 7 };

/**
 * A run of three jobs and a prepare node whose runner is killed at a call that the seed chooses, and whose machines are reaped or not before
 * its jobs are attached. Says what is wrong: nothing, as a rule.
 */
async function round(seed: number): Promise<string[]> {
  const random = new Random(seed);
  const begun = new Map<string, number>();
  const command = (id: string) => `${id} ${random.one(['passes', 'passes', 'fails'])}`;
  const secrets: Record<string, { env: string }> = random.chance(0.5) ? { TOKEN: { env: 'TOKEN' } } : {};
  const jobs = [
    { id: 'a', command: command('a') },
    { id: 'b', command: command('b'), dependsOn: ['made'], secrets },
    { id: 'c', command: command('c'), dependsOn: ['a'] },
  ];
  const run = await memoryRun({
    script: async ({ request, write }) => {
      const [id = '', how = ''] = request.command?.split(' ') ?? [];
      begun.set(id, (begun.get(id) ?? 0) + 1);
      write(`${id} says this\n`);
      return endsWith[how] ?? 99;
    },
  });
  const { hostFiles, localFiles, incus, ...rest } = run.host.adapters;
  must(await hostFiles.makeDirectory('/opt/sdk/share/pikaci'));
  const mounts = [{ name: 'root', relative_path: '.', guest_path: '/opt/sdk', read_only: true }];
  const manifest = JSON.stringify({ schema_version: 1, kind: 'test', mounts });
  must(await hostFiles.writeFile('/opt/sdk/share/pikaci/payload-manifest.json', Buffer.from(manifest)));
  const target = { prepare: [{ id: 'made', type: 'path' as const, path: '/opt/sdk' }], jobs };
  const config: PikaciConfigInput = {
    host: 'local',
    workDir: '/var/pikaci',
    stateRoot: '/state',
    targets: { t: target },
  };
  const mortal = new MortalRunner({ call: random.whole(1, CALLS), when: random.one(['before', 'after']) });
  const adapters = {
    ...rest,
    incus: mortal.of(incus),
    localFiles: mortal.of(localFiles),
    hostFiles: mortal.of(hostFiles),
  };
  const env = { TOKEN: 'hunter2-hunter2' };
  const runner = must(createPikaci(config, { adapters, env }));
  const lived = runner
    .runTarget({ target: 't', workspace: WORKSPACE, runId: 'run', parallel: 2 })
    .then(async (ended) => (ended.isOk() ? await ended.value.cleanUp : undefined));
  await Promise.race([lived, mortal.died]);
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  run.host.processes.restart('killed');
  const reaped = random.chance(0.4);
  if (reaped) must(incus.world.project('default', '')).instances.clear();

  const wrong: string[] = [];
  const told = new Map<string, string>();
  for (const { id, command: how } of jobs) {
    const before = begun.get(id) ?? 0;
    const attached = await run.another(config).attach('run', id);
    if (attached.isOk()) await attached.value.cleanUp;
    const times = begun.get(id) ?? 0;
    if (times > 1) wrong.push(`${id} began ${times} times`);
    if (attached.isErr()) {
      told.set(id, attached.error.kind);
      if (attached.error.kind !== 'no_such_job' || times > 0)
        wrong.push(
          `${id} began ${times} times, and attach says ${attached.error.kind}: ${attached.error.message}`,
        );
      continue;
    }
    const { status, cause, exit_code: code } = attached.value.outcome;
    told.set(id, status);
    const isRight = cause === 'exit' && code === endsWith[how.split(' ')[1] ?? ''] && times === 1;
    if (!isRight && !(cause === 'lost' && reaped))
      wrong.push(
        `${id} ${how}, began ${times} times (${before} before), and is ${status}, ${cause}, ${code}`,
      );
  }
  if (incus.allInstances.length > 0) wrong.push(`${incus.allInstances.length} machines are left`);
  const { localFiles: files, processes } = run.host;
  const record = await loadRunRecord({ files, processes }, { stateRoot: '/state', runId: 'run' });
  if (record.isOk()) {
    for (const { id, status } of record.value.jobs) {
      const attached = told.get(id);
      if ((status === 'passed') !== (attached === 'passed'))
        wrong.push(`${id} is shown as ${status}, and attach said ${attached}`);
    }
    const hasPassed = jobs.every(({ id }) => told.get(id) === 'passed');
    if ((record.value.status === 'passed') !== hasPassed || record.value.status === 'running')
      wrong.push(`the run is ${record.value.status}, its jobs ${[...told.values()].join(', ')}`);
  }
  return wrong.map((what) => `seed ${seed}: ${what}`);
}

it(`${ROUNDS} runs of several jobs whose runner was killed have no wrong result (seeds from ${FIRST_SEED})`, async () => {
  const wrong: string[] = [];
  for (let seed = FIRST_SEED; seed < FIRST_SEED + ROUNDS; seed++) wrong.push(...(await round(seed)));
  expect(wrong).toEqual([]);
}, 300_000);
