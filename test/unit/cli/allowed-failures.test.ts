import { join } from 'node:path';
import { expect, test } from 'vitest';
import { coloursFor } from '../../../src/adapters/cli/output/colours.js';
import { type NodeEvent, nodeAfterRunEvent } from '../../../src/adapters/cli/output/live/node-after.js';
import { nodeDetail } from '../../../src/adapters/cli/output/live/node-row.js';
import { recordedNodes } from '../../../src/adapters/cli/output/live/recorded-nodes.js';
import { treeFrame } from '../../../src/adapters/cli/output/live/tree-frame.js';
import { waitingNode } from '../../../src/adapters/cli/output/live/tree-node.js';
import { runFinishedSchema } from '../../../src/domain/events/run-finished.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../support/recorded-run.js';
import { Cli } from './cli-harness.js';

const job = (id: string, more: object = {}) => ({ id, command: 'true', ...more });
const config = (...jobs: object[]) => ({
  'pikaci.config.json': JSON.stringify({ host: { ssh: 'ci@box' }, targets: { t: { jobs } } }),
});
const JOBS = [
  job('lint', { allowFailure: true }),
  job('test', { dependsOn: ['lint'] }),
  job('tell', { when: 'on_failure' }),
];
const fails = (id: string) => async (one: { jobId: string; end(outcome: object): never }) =>
  one.end(
    one.jobId === id
      ? { status: 'failed', cause: 'exit', exit_code: 3, message: 'it said no' }
      : { status: 'passed', exit_code: 0 },
  );
const cliWith = (id: string, env: Record<string, string> = {}) =>
  new Cli({ files: config(...JOBS), script: fails(id) as never, env });

test('a failure that is allowed is told as one wherever the run is told, and the exit code is 0', async () => {
  const cli = cliWith('lint', { GITHUB_ACTIONS: 'true' });
  expect(await cli.run('run')).toBe(0);
  expect(cli.stderr.text).toMatch(/! lint failed \(exit code 3\).*, which is allowed\n {2}it said no\n/);
  expect(cli.stderr.text).toContain('[lint] failed, which is allowed\n');
  expect(cli.stderr.text).toMatch(/✓ test passed/);
  expect(cli.stderr.text).toContain('– tell skipped: nothing that it waits for has failed\n');
  expect(cli.stdout.text).toContain('::warning title=lint failed::it said no');
  const lines = cliWith('lint');
  expect(await lines.run('run', '--output', 'jsonl')).toBe(0);
  const said = lines.stdout.text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(said.filter(({ type }) => type === 'node_finished')).toMatchObject([
    { node_id: 'lint', status: 'failed', allow_failure: true },
    { node_id: 'test', status: 'passed' },
    { node_id: 'tell', status: 'skipped', not_needed: true },
  ]);
  expect(said.find(({ type }) => type === 'run_ended')).toMatchObject({
    status: 'passed',
    message: 'allowed to fail, and did: lint',
  });
  expect(runFinishedSchema.parse(said.at(-1))).toMatchObject({
    exit_code: 0,
    jobs: [
      { job_id: 'lint', status: 'failed', allow_failure: true, exit_code: 3 },
      { job_id: 'test', status: 'passed' },
      { job_id: 'tell', status: 'skipped', not_needed: true },
    ],
  });
});

test('what runs after a failure runs, also with fail-fast, and the exit code is that of the failure', async () => {
  const cli = cliWith('test');
  expect(await cli.run('run', '--fail-fast')).toBe(1);
  expect(cli.stderr.text).toMatch(/✗ test failed \(exit code 3\) in [^,]*\n/);
  expect(cli.stderr.text).toMatch(/✓ tell passed/);
  const alone = cliWith('none');
  expect(await alone.run('run', '--job', 'tell', '--output', 'jsonl')).toBe(0);
  expect(alone.stdout.text).toContain('"type":"run_ended","status":"skipped"');
});

test('target-info says it of a node, and a configuration that says it otherwise is refused, with the field named', async () => {
  for (const [key, value] of [
    ['when', 'on_fail'],
    ['allowFailure', 'yes'],
  ] as const) {
    const cli = new Cli({ files: config(job('a', { [key]: value })) });
    expect(await cli.run('run')).toBe(2);
    expect(cli.stderr.text).toContain(`targets.t.jobs[0].${key} `);
  }
  const info = cliWith('none');
  await info.run('target-info');
  expect(info.stdout.text).toContain(
    'job tell, run by /bin/sh -e (memory 80%, processes 8192), after lint, test, when one of these has failed\n',
  );
  expect(info.stdout.text).toContain(
    'job lint, run by /bin/sh -e (memory 80%, processes 8192), which may fail\n',
  );
});

const RECORD = runRecord({
  message: 'allowed to fail, and did: lint',
  prepare_timings: [
    {
      ...{ node_id: 'docs', started_at: '2026-11-23T16:45:01.250Z', finished_at: '2026-11-23T16:45:02.250Z' },
      ...{
        duration_ms: 1000,
        ok: false,
        status: 'failed',
        allow_failure: true,
        cached: false,
        message: 'no docs',
      },
    },
  ],
  jobs: [
    runJobRecord('lint', { status: 'failed', exit_code: 3, message: 'it said no', allow_failure: true }),
    runJobRecord('unit'),
    runJobRecord('tell', { status: 'skipped', not_needed: true, started_at: null, exit_code: null }),
  ],
});

test('the records tell of it: in a list, as status, as JUnit, and as a tree', async () => {
  const cli = new Cli({ files: {} });
  await writeRun(join(cli.folder, '.pikaci'), RECORD);
  await cli.run('list');
  expect(cli.stdout.text).toMatch(/passed .* 1 allowed to fail\n$/);
  const status = new Cli({ cwd: cli.folder });
  await status.run('status', RUN_ID);
  expect(status.stdout.text).toContain('! lint failed (exit code 3) in 7.0 s, which is allowed\n');
  expect(status.stdout.text).toContain('! docs could not be prepared in 1.0 s, which is allowed\n');
  const junit = new Cli({ cwd: cli.folder });
  await junit.run('status', RUN_ID, '--output', 'junit');
  expect(junit.stdout.text).toContain('tests="4" failures="0" errors="0" skipped="3"');
  expect(junit.stdout.text).toContain('<skipped message="failed, which was allowed: it said no"/>');
  const nodes = recordedNodes({ run: RECORD, plan: null }, Date.parse);
  const colours = coloursFor({ env: {}, isTerminal: false });
  const frame = treeFrame({ nodes, colours, rows: 9, columns: 90, spinner: '.', now: 0, began: 0 });
  expect(frame[0]).toMatch(/^! lint +7\.0 s {2}it said no, which is allowed$/);
  expect(frame.at(-1)).toContain('1 passed, 1 skipped, 1 allowed to fail');
});

test('a node of the tree that waits for what was allowed to fail waits for its turn alone', () => {
  const event: NodeEvent = {
    ...({ schema_version: 1, at: '2026-11-23T16:45:02.000Z', run_id: 'r', type: 'node_finished' } as const),
    ...({ node_id: 'lint', kind: 'execute', status: 'failed', allow_failure: true } as const),
    ...{ duration_ms: 1, cached: false, message: '' },
  };
  const lint = nodeAfterRunEvent(waitingNode({ id: 'lint', kind: 'execute', dependsOn: [] }), event, 0);
  expect(lint).toMatchObject({ state: 'failed', allowed: true });
  const waits = waitingNode({ id: 'test', kind: 'execute', dependsOn: ['lint'] });
  expect(nodeDetail(waits, { states: new Map([['lint', lint.state]]), now: 0 })).toBe('queued');
});
