import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incusInstanceName } from '../../src/domain/machine/incus-instance-name.js';
import { machineJobId } from '../../src/domain/machine/machine-job-id.js';
import {
  listRuns,
  loadJob,
  loadLogs,
  loadRunBundle,
  type RunRecord,
  runRecordSchema,
  type TargetConfigInput,
} from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { builtCommand } from '../support/fresh-build.js';
import { fill, flakeThatSays, OFFLINE } from '../support/nix-output.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

const TARGET: TargetConfigInput = {
  description: 'two levels',
  prepare: [
    {
      id: 'built',
      type: 'nixBuild',
      installable: '.#packages.x86_64-linux.tool',
      options: OFFLINE,
    },
    {
      id: 'made',
      type: 'command',
      // It leaves a daemon with its outputs open, which is not waited for. As private as what npm keeps; the jobs read it all the same.
      command: `sleep 100000 & umask 077; ${fill('made', '$PIKACI_OUTPUT', 'cat "$PIKACI_WORKSPACE/hello.txt"')}`,
      inputs: ['hello.txt'],
    },
  ],
  jobs: [
    { id: 'nix', command: 'cat /opt/built/data', dependsOn: ['built'] },
    {
      id: 'made-too',
      command: 'cat /opt/made/data | tee /artifacts/copy',
      dependsOn: ['made'],
      artifacts: ['/artifacts/copy'],
    },
    {
      id: 'both',
      command: 'cat /opt/built/data /opt/made/data; echo "$MATRIX_N"',
      dependsOn: ['nix', 'made-too', 'built', 'made'],
      matrix: { n: [1, 2] },
    },
  ],
};

let site: Site;
beforeAll(async () => {
  site = await Site.open({
    targets: {
      t: TARGET,
      fails: {
        jobs: [
          { id: 'bad', command: 'echo broken; exit 3' },
          { id: 'after', command: 'true', dependsOn: ['bad'] },
        ],
      },
      again: {
        jobs: [
          {
            id: 'again',
            command:
              'echo "attempt $PIKACI_JOB_ATTEMPT on $(hostname)"; [ "$PIKACI_JOB_ATTEMPT" = 2 ] || exit 7',
            retry: { max: 3, when: ['failed'], backoffSecs: 0 },
          },
        ],
      },
    },
  });
  await writeFile(join(site.workspace, 'flake.nix'), flakeThatSays('built by nix'));
});
afterAll(() => site[Symbol.asyncDispose]());

describe('a two-level plan on a real host', () => {
  let runId: string;

  it('builds with Nix and with a command, mounts what they made into four jobs, and is recorded', async () => {
    runId = site.newRunId();
    const run = must(await site.pikaci.runTarget({ target: 't', workspace: site.workspace, runId }));
    must(await run.cleanUp);
    expect(run.prepares).toMatchObject([
      { nodeId: 'built', kind: 'realized' },
      { nodeId: 'made', kind: 'realized' },
    ]);
    expect(run.record).toMatchObject({ status: 'passed', message: null });
    const bundle = must(await loadRunBundle(site.stateRoot, runId));
    expect(bundle.run.jobs.map(({ id, status }) => `${id} ${status}`)).toEqual([
      'nix passed',
      'made-too passed',
      'both-1 passed',
      'both-2 passed',
    ]);
    expect(bundle.run.jobs[0]?.remote_linux_vm_execution).toMatchObject({
      backend: 'incus',
      incus_image: { project: site.host.project, alias: site.host.image },
    });
    expect(bundle.preparedOutputs?.outputs.map((output) => [output.node_id, output.protocol])).toEqual(
      expect.arrayContaining([
        ['built', 'nix_store_path_v1'],
        ['made', 'host_path_v1'],
      ]),
    );
    const logs = must(await loadLogs(site.stateRoot, runId, { job: 'both-2', kind: 'guest' }));
    expect(logs.guest).toBe('built by nix\nhello from the workspace\n2\n');
    const copy = join(site.stateRoot, 'runs', runId, 'jobs/made-too/artifacts/copy');
    expect(await readFile(copy, 'utf8')).toBe('hello from the workspace\n');
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('is run again from its record, with what was made before', async () => {
    const again = must(await site.pikaci.rerun(runId, { runId: site.newRunId() }));
    must(await again.cleanUp);
    expect(again.record).toMatchObject({ status: 'passed', rerun_of: runId, target_id: 't' });
    expect(again.prepares).toMatchObject(
      expect.arrayContaining([expect.objectContaining({ nodeId: 'made', cached: true })]),
    );
    const { runs } = must(await listRuns(site.stateRoot));
    expect(runs.map((run) => run.run_id)).toEqual(expect.arrayContaining([runId, again.runId]));
  });
});

describe('a job that failed', () => {
  it('is tried again in a fresh machine where it says so, and each attempt has its own log', async () => {
    const runId = site.newRunId();
    const run = must(await site.pikaci.runTarget({ target: 'again', workspace: site.workspace, runId }));
    must(await run.cleanUp);
    const [job] = run.record.jobs;
    expect(job).toMatchObject({
      status: 'passed',
      attempt: 2,
      earlier_attempts: [{ attempt: 1, status: 'failed', cause: 'exit', exit_code: 7 }],
    });
    const first = await readFile(job?.earlier_attempts?.[0]?.guest_log_path ?? '', 'utf8');
    const second = await readFile(job?.guest_log_path ?? '', 'utf8');
    expect(first).toBe(`attempt 1 on ${incusInstanceName(runId, 'again')}\n`);
    expect(second).toBe(`attempt 2 on ${incusInstanceName(runId, machineJobId('again', 2))}\n`);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('leaves its machine for a shell when that is wanted, and its dependents are skipped', async () => {
    const runId = site.newRunId();
    const run = must(
      await site.pikaci.runTarget({
        target: 'fails',
        workspace: site.workspace,
        runId,
        keepOnFailureSecs: 600,
      }),
    );
    must(await run.cleanUp);
    expect(run.record.jobs.map(({ status }) => status)).toEqual(['failed', 'skipped']);
    expect((await site.leftovers(runId)).instances).toHaveLength(1);
    const shell = must(await site.pikaci.shell(runId, 'bad', { columns: 97, rows: 31, term: 'dumb' }));
    must(await shell.write(Buffer.from('stty size; id -un; exit 9\n')));
    let said = '';
    for await (const { data } of shell.output) said += Buffer.from(data).toString();
    expect(said).toMatch(/31 97\r\npikaci\r\n/);
    expect(must(await shell.exit).code).toBe(9);
    await shell[Symbol.asyncDispose]();
    const [name = ''] = (await site.leftovers(runId)).instances;
    const change = { action: 'stop', timeoutSecs: 0, force: true } as const;
    must(await site.incus.changeState(site.host.project, name, change));
    // Its files are as they were: it is started, as after a restart of the host.
    const again = must(await site.pikaci.shell(runId, 'bad', { columns: 80, rows: 24 }));
    await again[Symbol.asyncDispose]();
    must(await site.incus.changeState(site.host.project, name, change));
    must(await site.incus.deleteInstance(site.host.project, name));
    expect(
      (await site.pikaci.shell(runId, 'bad', { columns: 80, rows: 24 }))._unsafeUnwrapErr(),
    ).toMatchObject({
      kind: 'guest',
      message: expect.stringContaining('--keep-on-failure'),
    });
  });
});

describe('a runner that is killed', () => {
  it('leaves a run that loads, and that has its end once its job was taken up', async () => {
    const folder = join(site.directory, 'killed');
    await mkdir(folder);
    const jobs = [
      { id: 'slow', command: 'echo begun; while [ ! -e /artifacts/go ]; do sleep 0.1; done; echo done' },
    ];
    const config = { ...site.config(), targets: { t: { jobs } } };
    await writeFile(join(folder, 'pikaci.config.json'), JSON.stringify(config));
    const runId = site.newRunId();
    const runner = spawn(process.execPath, [builtCommand, 'run', '--run-id', runId], { cwd: folder });
    let out = '';
    for await (const chunk of runner.stdout) {
      out += String(chunk);
      if (out.includes('begun')) break;
    }
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    const load = async (): Promise<RunRecord> => must(await loadRunBundle(site.stateRoot, runId)).run;
    expect(await load()).toMatchObject({
      status: 'interrupted',
      jobs: [{ id: 'slow', status: 'interrupted' }],
    });
    const { instances } = await site.leftovers(runId);
    const go = { path: '/artifacts/go', content: Buffer.from('') };
    must(await site.incus.writeFile(site.host.project, instances[0] ?? '', go));
    const attached = must(await site.pikaci.attach(runId, 'slow'));
    must(await attached.cleanUp);
    expect(await load()).toMatchObject({
      status: 'passed',
      jobs: [{ id: 'slow', status: 'passed', exit_code: 0 }],
    });
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    expect(runRecordSchema.safeParse(await load()).success).toBe(true);
  });

  it('leaves a run that resume ends as it would have, with what runs taken up and the rest of its plan', async () => {
    const folder = join(site.directory, 'resumed');
    await mkdir(folder);
    const jobs = [
      { id: 'slow', command: 'echo begun; while [ ! -e /artifacts/go ]; do sleep 0.1; done; echo done' },
      { id: 'after', command: 'echo after; exit 4', dependsOn: ['slow'] },
    ];
    const config = { ...site.config(), targets: { t: { jobs } } };
    await writeFile(join(folder, 'pikaci.config.json'), JSON.stringify(config));
    const runId = site.newRunId();
    const runner = spawn(process.execPath, [builtCommand, 'run', '--run-id', runId], { cwd: folder });
    let out = '';
    for await (const chunk of runner.stdout) {
      out += String(chunk);
      if (out.includes('begun')) break;
    }
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    const { instances } = await site.leftovers(runId);
    const go = { path: '/artifacts/go', content: Buffer.from('') };
    must(await site.incus.writeFile(site.host.project, instances[0] ?? '', go));
    const resumed = spawn(process.execPath, [builtCommand, 'resume', runId], {
      cwd: folder,
      stdio: 'ignore',
    });
    expect(await once(resumed, 'exit')).toEqual([1, null]);
    expect(must(await loadRunBundle(site.stateRoot, runId)).run).toMatchObject({
      status: 'failed',
      jobs: [
        { id: 'slow', status: 'passed', exit_code: 0 },
        { id: 'after', status: 'failed', exit_code: 4 },
      ],
    });
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('leaves a run that is resumed elsewhere, without its state root and its folder, and then nothing on the host', async () => {
    const folder = join(site.directory, 'began-here');
    const [state, elsewhere] = [join(folder, 'state'), join(site.directory, 'resumed-elsewhere')];
    for (const one of [folder, elsewhere]) await mkdir(one);
    const jobs = [
      { id: 'slow', command: 'echo begun; while [ ! -e /artifacts/go ]; do sleep 0.1; done; echo done' },
      { id: 'after', command: 'cat file-of-the-run; exit 4', dependsOn: ['slow'] },
    ];
    const config = JSON.stringify({ ...site.config(), targets: { t: { jobs } } });
    for (const one of [folder, elsewhere]) await writeFile(join(one, 'pikaci.config.json'), config);
    await writeFile(join(folder, 'file-of-the-run'), 'as it was\n');
    const runId = site.newRunId();
    const start = (cwd: string, root: string, ...words: string[]) =>
      spawn(process.execPath, [builtCommand, ...words, '--state-root', root], { cwd });
    const runner = start(folder, state, 'run', '--run-id', runId);
    let out = '';
    for await (const chunk of runner.stdout) {
      out += String(chunk);
      if (out.includes('begun')) break;
    }
    runner.kill('SIGKILL');
    await once(runner, 'exit');
    await rm(folder, { recursive: true });
    const { instances } = await site.leftovers(runId);
    const go = { path: '/artifacts/go', content: Buffer.from('') };
    must(await site.incus.writeFile(site.host.project, instances[0] ?? '', go));
    const root = join(elsewhere, 'state');
    const resumed = start(elsewhere, root, 'resume', runId);
    let said = '';
    resumed.stdout.on('data', (chunk) => {
      said += String(chunk);
    });
    resumed.stderr.resume();
    expect(await once(resumed, 'exit')).toEqual([1, null]);
    expect(said).toContain('as it was');
    const { run } = must(await loadRunBundle(root, runId));
    expect(run).toMatchObject({
      status: 'failed',
      jobs: [
        { id: 'slow', status: 'passed', exit_code: 0 },
        { id: 'after', status: 'failed', exit_code: 4 },
      ],
    });
    const log = await readFile(join(root, 'runs', runId, 'jobs', 'slow', 'guest.log'), 'utf8');
    expect(log).toBe('begun\ndone\n');
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
    expect(must(await site.pikaci.keptRuns()).filter((one) => one.runId === runId)).toEqual([]);
  });

  it('is cancelled from another process, with what its job has written, and leaves nothing', async () => {
    const folder = join(site.directory, 'cancelled');
    await mkdir(folder);
    const command = 'trap "echo told >/artifacts/told; exit 7" TERM; echo begun; while :; do sleep 0.1; done';
    const config = {
      ...site.config(),
      targets: { t: { jobs: [{ id: 'a', command, artifacts: ['/artifacts/told'] }] } },
    };
    await writeFile(join(folder, 'pikaci.config.json'), JSON.stringify(config));
    const runId = site.newRunId();
    const runner = spawn(process.execPath, [builtCommand, 'run', '--run-id', runId], { cwd: folder });
    const ended = once(runner, 'exit');
    let out = '';
    for await (const chunk of runner.stdout) {
      out += String(chunk);
      if (out.includes('begun')) break;
    }
    const cancel = spawn(process.execPath, [builtCommand, 'cancel', runId], { cwd: folder, stdio: 'ignore' });
    expect(await once(cancel, 'exit')).toEqual([0, null]);
    expect(await ended).toEqual([130, null]);
    const { run } = must(await loadRunBundle(site.stateRoot, runId));
    expect(run).toMatchObject({ status: 'cancelled', jobs: [{ id: 'a', status: 'cancelled' }] });
    expect(must(await loadJob(site.stateRoot, runId, 'a')).outcome?.artifacts.collected).toHaveLength(1);
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });
});
