import { appendFile, mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { NodeProcesses } from '../../../src/adapters/node/node-processes.js';
import { runLogsMetadataSchema } from '../../../src/domain/records/logs-metadata.js';
import { preparedOutputsRecordSchema } from '../../../src/domain/records/prepared-outputs-record.js';
import { type RunRecord, runRecordSchema } from '../../../src/domain/records/run-record.js';
import {
  artifactsDocumentSchema,
  runGcDocumentSchema,
  runListDocumentSchema,
} from '../../../src/domain/records/state-documents.js';
import { jobRecord } from '../../support/job-record.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { Cli, configWith } from './cli-harness.js';

/** A command line in a folder with one recorded run. */
async function withRun(record: RunRecord = runRecord()) {
  const cli = new Cli({ files: {} });
  const runDir = await writeRun(join(cli.folder, '.pikaci'), record);
  return { cli, runDir };
}
const json = (cli: Cli) => JSON.parse(cli.stdout.text);

test('list shows the runs, newest first, and needs neither a host nor a configuration', async () => {
  const { cli } = await withRun();
  const later = { run_id: 'later', created_at: '2026-11-24T00:00:00.000Z', git_branch: null };
  await writeRun(join(cli.folder, '.pikaci'), runRecord({ ...later, status: 'failed' }));
  expect(await cli.run('list')).toBe(0);
  const lines = cli.stdout.text.trimEnd().split('\n');
  expect(lines[0]).toMatch(/^later {17,}failed {2}t/);
  expect(lines[1]).toMatch(
    /^20261123-164501-abc123 {2}passed {2}t {2}main {2}2026-11-23T16:45:01.250Z {2}8.8 s$/,
  );
  expect(cli.created).toEqual([]);
});

test('list says whether there are no runs, or none that match', async () => {
  const { cli } = await withRun();
  expect(await cli.run('list', '--branch', 'nope')).toBe(0);
  expect(cli.stdout.text).toBe('');
  expect(cli.stderr.text).toBe(
    `pikaci: no run in ${join(cli.folder, '.pikaci')} is of the branch nope; of others there are 1\n`,
  );
  const none = new Cli({});
  expect(await none.run('list', '--branch', 'nope')).toBe(0);
  expect(none.stderr.text).toContain('there are no runs in ');
});

test('list and status say nothing of how long a run took whose times cannot be read', async () => {
  const times = { created_at: 'yesterday', finished_at: 'today' };
  const { cli } = await withRun(runRecord({ ...times, jobs: [runJobRecord('a', { started_at: 'noon' })] }));
  expect(await cli.run('list')).toBe(0);
  expect(await cli.run('status', RUN_ID)).toBe(0);
  expect(cli.stdout.text).toContain('yesterday');
  expect(cli.stdout.text).not.toContain('NaN');
});

test('cancel has nothing to do with a run that has ended, and says how to go on with one that nobody carries out', async () => {
  const { cli } = await withRun();
  expect(await cli.run('cancel', RUN_ID)).toBe(0);
  expect(cli.stdout.text).toBe(`${RUN_ID} has ended already: passed\n`);
  expect(await cli.run('cancel', 'nope')).toBe(2);
  expect(cli.stderr.text).toContain('there is no run nope');
  const runner = { ...(await new NodeProcesses().self()), started: '1' };
  const jobs = [runJobRecord('a', { status: 'running', finished_at: null })];
  const gone = runRecord({ status: 'running', finished_at: null, jobs, runner });
  const left = await withRun(gone);
  expect(await left.cli.run('cancel', RUN_ID, '--state-root', '.pikaci')).toBe(2);
  expect(left.cli.stderr.text).toContain(`"pikaci resume ${RUN_ID} --state-root .pikaci" goes on with it`);
  expect(left.cli.created).toEqual([]);
});

test('status says why something could not be prepared, with the end of what it printed', async () => {
  const timing = { started_at: '2026-11-23T16:45:02.000Z', finished_at: '2026-11-23T16:45:03.000Z' };
  const message = 'the command of sdk: make ended with 2:\nno rule to make all';
  const sdk = { ...timing, node_id: 'sdk', duration_ms: 1000, ok: false, cached: false, message };
  const log_path = '/state/prepare/sdk.log';
  const { cli } = await withRun(
    runRecord({
      status: 'failed',
      prepare_timings: [
        { ...sdk, log_path },
        { ...sdk, node_id: 'docs', status: 'cancelled', message: 'cancelled by the caller' },
      ],
    }),
  );
  expect(await cli.run('status', RUN_ID)).toBe(0);
  expect(cli.stdout.text).toContain(
    `✗ sdk could not be prepared in 1.0 s\n  the command of sdk: make ended with 2:\n    no rule to make all\n  log       ${log_path}\n`,
  );
  expect(cli.stdout.text).toContain('– docs cancelled in 1.0 s\n  cancelled by the caller\n');
});

test('status says what did not come back of a job, and why, as the summary of its run did', async () => {
  const { cli, runDir } = await withRun(runRecord({ jobs: [runJobRecord('a'), runJobRecord('b')] }));
  const record = jobRecord({ job_id: 'a' }, ['x']);
  const artifacts = {
    collected: [{ path: 'x', bytes: 1536 }],
    refused: [{ path: 'evil\x1b[2J', rule: 'symbolic_link' }],
    refused_count: 2,
    incomplete: "the guest's files could not be listed:\nthe command was cancelled",
    unmatched: ['out/*.xml'],
  };
  const outcome = { ...record.outcome, artifacts, log_bytes: 9000, kept_log_bytes: 1024, log_cut: true };
  await writeFile(join(runDir, 'jobs/a/job.json'), JSON.stringify({ ...record, outcome }));
  expect(await cli.run('status', RUN_ID)).toBe(0);
  const lines = cli.stdout.text.split('\n');
  expect(lines.slice(lines.findIndex((line) => line.startsWith('✓ a ')))).toEqual([
    '✓ a passed (exit code 0) in 7.0 s',
    '  log       cut at 1.0 KiB of 8.8 KiB, maxLogBytes',
    `  artifacts  ${join(runDir, 'jobs/a/artifacts')} (1 file, 1.5 KiB)`,
    '  refused    2 artifacts',
    '             symbolic_link: evil\\x1b[2J',
    '             and 1 more',
    '  no artifact matches "out/*.xml"',
    "  artifacts are incomplete: the guest's files could not be listed:",
    '    the command was cancelled',
    '✓ b passed (exit code 0) in 7.0 s',
    '',
  ]);
});

test('list as JSON is one document, which names what cannot be read', async () => {
  const { cli } = await withRun();
  await mkdir(join(cli.folder, '.pikaci/runs/broken'));
  expect(await cli.run('list', '--output', 'json', '--limit', '1')).toBe(0);
  const document = runListDocumentSchema.parse(json(cli));
  expect([document.runs.map((run) => run.run_id), document.damaged.map((one) => one.run_id)]).toEqual([
    [RUN_ID],
    ['broken'],
  ]);
});

test('the state root is that of the option, else of the environment, else of the configuration', async () => {
  const config = JSON.stringify({ host: 'local', stateRoot: 'configured' });
  const cli = new Cli({ files: { 'pikaci.config.json': config } });
  const env = new Cli({ cwd: cli.folder, env: { PIKACI_STATE_ROOT: 'of-env' } });
  const option = new Cli({ cwd: cli.folder, env: { PIKACI_STATE_ROOT: 'of-env' } });
  for (const run_id of ['configured', 'of-env', 'of-option'])
    await writeRun(join(cli.folder, run_id), runRecord({ run_id }));
  for (const [one, argv] of [
    [cli, []],
    [env, []],
    [option, ['--state-root', 'of-option']],
  ] as const)
    await one.run('list', ...argv);
  const shown = [cli, env, option].map((one) => one.stdout.text.split(' ')[0]);
  expect(shown).toEqual(['configured', 'of-env', 'of-option']);
});

test('status shows how a run and its jobs went, and --json the record', async () => {
  const skipped = runJobRecord('b', {
    status: 'skipped',
    message: 'a failed',
    exit_code: null,
    started_at: null,
  });
  const { cli } = await withRun(
    runRecord({ status: 'failed', jobs: [runJobRecord('a', { status: 'failed', exit_code: 4 }), skipped] }),
  );
  expect(await cli.run('status', RUN_ID)).toBe(0);
  expect(cli.stdout.text).toMatch(
    /✗ 20261123-164501-abc123 failed\n.*✗ a failed \(exit code 4\) in 7.0 s\n– b skipped\n {2}a failed\n/s,
  );
  const again = new Cli({ cwd: cli.folder });
  expect(await again.run('status', RUN_ID, '--json')).toBe(0);
  expect(runRecordSchema.parse(json(again)).jobs).toHaveLength(2);
});

test('control characters of a record do not reach the terminal', async () => {
  const { cli } = await withRun(runRecord({ target_id: 'x\x1b[2J', message: 'bad\x07\nwords' }));
  await cli.run('status', RUN_ID);
  await cli.run('list');
  expect(cli.stdout.text).not.toMatch(/[\x07\x1b]/);
});

test.each([
  ['status', 'nope'],
  ['logs', 'nope'],
  ['artifacts', 'nope'],
  ['prepared-outputs', 'nope'],
  ['rerun', 'nope', '--host', 'local'],
])('%s of a run that is not there exits 2', async (...argv) => {
  const cli = new Cli({ files: {} });
  expect(await cli.run(...argv)).toBe(2);
  expect(cli.stderr.text).toContain('there is no run nope');
});

test('logs prints one log as it is, and several in lines that name their job', async () => {
  const { cli } = await withRun(runRecord({ jobs: [runJobRecord('a'), runJobRecord('b')] }));
  expect(await cli.run('logs', RUN_ID, '--job', 'b')).toBe(0);
  expect(cli.stdout.text).toBe('guest of b\n');
  const both = new Cli({ cwd: cli.folder });
  await both.run('logs', RUN_ID, '--kind', 'both');
  expect(both.stdout.text.split('\n').sort()).toEqual([
    '',
    '[a guest] guest of a',
    '[a host] host of a',
    '[b guest] guest of b',
    '[b host] host of b',
  ]);
  const none = new Cli({ cwd: cli.folder });
  expect(await none.run('logs', RUN_ID, '--job', 'x')).toBe(2);
  expect(none.stderr.text).toContain('has no job x; it has a, b');
});

test('logs --metadata-json says which logs there are', async () => {
  const { cli } = await withRun();
  expect(await cli.run('logs', RUN_ID, '--metadata-json')).toBe(0);
  expect(runLogsMetadataSchema.parse(json(cli)).jobs[0]).toMatchObject({ id: 'unit', guest_log_bytes: 14 });
});

test('logs --follow goes on until the job has ended, and misses nothing that was written before', async () => {
  const running = runRecord({ status: 'running', jobs: [runJobRecord('unit', { status: 'running' })] });
  const { cli, runDir } = await withRun(running);
  const exit = cli.run('logs', RUN_ID, '--follow');
  await cli.clock.asleepFor(250);
  expect(cli.stdout.text).toBe('guest of unit\n');
  await appendFile(join(runDir, 'jobs/unit/guest.log'), 'more\n');
  cli.clock.advance(250);
  await cli.clock.asleepFor(250);
  await appendFile(join(runDir, 'jobs/unit/guest.log'), 'the end\n');
  await writeFile(join(runDir, 'run.json'), JSON.stringify(runRecord()));
  cli.clock.advance(250);
  expect(await exit).toBe(0);
  expect(cli.stdout.text).toBe('guest of unit\nmore\nthe end\n');
});

test('logs --follow of a run whose runner has ended says so, and exits 3: nobody knows the rest', async () => {
  const message = 'its runner has ended; "pikaci attach r unit" resumes it';
  const jobs = [runJobRecord('unit', { status: 'interrupted', message })];
  const interrupted = runRecord({ status: 'interrupted', jobs });
  const { cli } = await withRun(interrupted);
  expect(await cli.run('logs', RUN_ID, '--follow')).toBe(3);
  expect(cli.stdout.text).toContain('guest of unit\n');
  expect(cli.stderr.text).toContain(`nobody follows job unit of run ${RUN_ID}: ${message}`);
  const meanwhile = await withRun(
    runRecord({ status: 'running', jobs: [runJobRecord('unit', { status: 'running' })] }),
  );
  const exit = meanwhile.cli.run('logs', RUN_ID, '--follow');
  await meanwhile.cli.clock.asleepFor(250);
  await writeFile(join(meanwhile.runDir, 'run.json'), JSON.stringify(interrupted));
  meanwhile.cli.clock.advance(250);
  expect(await exit).toBe(3);
  const once = new Cli({ cwd: cli.folder });
  expect(await once.run('logs', RUN_ID)).toBe(0);
});

test('logs --follow ends where nobody writes any more', async () => {
  const detached = runRecord({ status: 'running', jobs: [runJobRecord('unit', { status: 'detached' })] });
  const { cli } = await withRun(detached);
  expect(await cli.run('logs', RUN_ID, '--follow')).toBe(0);
  expect(cli.stdout.text).toBe('guest of unit\n');
});

test('logs --follow ends with 130 when it is interrupted', async () => {
  const running = runRecord({ status: 'running', jobs: [runJobRecord('unit', { status: 'running' })] });
  const { cli } = await withRun(running);
  const exit = cli.run('logs', RUN_ID, '--follow');
  await cli.clock.asleepFor(250);
  cli.ctrlC();
  expect(await exit).toBe(130);
});

test('prepared-outputs shows where they are, and null as JSON when there are none', async () => {
  const { cli, runDir } = await withRun();
  expect(await cli.run('prepared-outputs', RUN_ID, '--json')).toBe(0);
  expect(cli.stdout.text).toBe('null\n');
  const output = {
    node_id: 'build',
    installable: 'x',
    output_name: 'x',
    protocol: 'nix_store_path_v1',
    realized_path: '/nix/store/x',
    exposures: [{ kind: 'payload_mount', path: '/opt/x', access: 'read_only' }],
  };
  const record = { schema_version: 1, outputs: [output] };
  await writeFile(join(runDir, 'prepared-outputs.json'), JSON.stringify(record));
  const human = new Cli({ cwd: cli.folder });
  await human.run('prepared-outputs', RUN_ID);
  expect(human.stdout.text).toBe('build  nix_store_path_v1  /nix/store/x  /opt/x\n');
  const document = new Cli({ cwd: cli.folder });
  await document.run('prepared-outputs', RUN_ID, '--json');
  expect(preparedOutputsRecordSchema.parse(json(document)).outputs).toHaveLength(1);
});

test('artifacts names the files that came back, and leaves out jobs that did not begin', async () => {
  const { cli, runDir } = await withRun(runRecord({ jobs: [runJobRecord('a'), runJobRecord('b')] }));
  const artifacts = {
    collected: [{ path: 'junit.xml', bytes: 2048 }],
    refused: [],
    refused_count: 1,
    incomplete: null,
  };
  const outcome = {
    schema_version: 1,
    run_id: RUN_ID,
    job_id: 'a',
    status: 'passed',
    cause: 'exit',
    exit_code: 0,
    message: '',
    started_at: '',
    finished_at: '',
    phases: [],
    log_bytes: 0,
    kept_log_bytes: 0,
    artifacts,
    incus_image: null,
  };
  const job = {
    schema_version: 1,
    run_id: RUN_ID,
    job_id: 'a',
    created_at: '',
    host: 'h',
    backend: 'incus',
    workspace: '/w',
    snapshot_hash: null,
    job_spec: {},
    secret_names: [],
    incus_project: null,
    incus_profile: null,
    incus_image: null,
    instance_name: null,
    launched_at: null,
    outcome,
  };
  await writeFile(join(runDir, 'jobs/a/job.json'), JSON.stringify(job));
  expect(await cli.run('artifacts', RUN_ID)).toBe(0);
  expect(cli.stdout.text).toBe(`2.0 KiB  ${join(runDir, 'jobs/a/artifacts/junit.xml')}\n`);
  const document = new Cli({ cwd: cli.folder });
  await document.run('artifacts', RUN_ID, '--json');
  expect(artifactsDocumentSchema.parse(json(document)).jobs).toMatchObject([{ id: 'a', refused_count: 1 }]);
});

test('gc --keep-runs removes the state of older runs, and says so first with --dry-run', async () => {
  const { cli } = await withRun();
  await writeRun(
    join(cli.folder, '.pikaci'),
    runRecord({ run_id: 'newer', created_at: '2027-01-01T00:00:00Z' }),
  );
  expect(await cli.run('gc', '--keep-runs', '1', '--dry-run', '--output', 'json')).toBe(0);
  expect(runGcDocumentSchema.parse(json(cli))).toMatchObject({ removed: [RUN_ID], kept: ['newer'] });
  const again = new Cli({ cwd: cli.folder });
  expect(await again.run('gc', '--keep-runs', '1')).toBe(0);
  expect(again.stdout.text).toContain(`removed the state of run ${RUN_ID}\n`);
  expect(await readdir(join(cli.folder, '.pikaci/runs'))).toEqual(['newer']);
  const wrong = new Cli({ cwd: cli.folder });
  expect(await wrong.run('gc', '--keep-runs', '-1')).toBe(2);
});

test.each([[[]], [['--output', 'jsonl']]])(
  'a rerun that is refused names no run that it has not made (%j)',
  async (argv) => {
    const { cli } = await withRun();
    await writeFile(join(cli.folder, 'pikaci.config.json'), configWith(['unit']));
    expect(await cli.run('rerun', RUN_ID, '--run-id', 'never-made', ...argv)).not.toBe(0);
    expect(cli.stderr.text).not.toContain('run never-made on');
    expect(cli.stderr.text + cli.stdout.text).toContain(`there is no run ${RUN_ID}`);
  },
);
