import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { JobRecord } from '../../src/domain/job/job-record.js';
import type { Phase } from '../../src/domain/machine/phase.js';
import type { RunRecord } from '../../src/domain/records/run-record.js';
import { jobRecord } from '../support/job-record.js';
import { skippedStep, stepRecord } from '../support/job-steps.js';
import { runJobRecord, runRecord, writeRun } from '../support/recorded-run.js';

export const PASSED = '20261123-164501-abc123';
export const FAILED = '20261123-150210-0f3e21';
export const GOING = '20261123-171002-77aa01';
export const SKIPPED = '20261122-090000-5d5d5d';

const START = Date.parse('2026-11-23T16:45:01.250Z');
const at = (ms: number) => new Date(START + ms).toISOString();

type Step = readonly [phase: Phase, ms: number, ok?: boolean];

/** Phases one after the other, the first of which begins `begin` milliseconds after the run. */
function phases(begin: number, steps: readonly Step[]) {
  let now = begin;
  return steps.map(([phase, ms, ok = true]) => {
    const started_at = at(now);
    now += ms;
    return { phase, started_at, finished_at: at(now), duration_ms: ms, ok };
  });
}

const STEPS: readonly Step[] = [
  ['prepare_directories', 108],
  ['stage_workspace_snapshot', 640],
  ['prepare_runtime', 36],
  ['launch_guest', 1187],
];

function execution(begin: number, steps: readonly Step[]) {
  const incus_image = { project: 'pikaci', alias: 'pikaci/dev', fingerprint: 'f00d' };
  return { backend: 'incus' as const, incus_image, phases: phases(begin, steps) };
}

/** The runs that the pages are looked at with. */
export async function writeSampleRuns(stateRoot: string): Promise<void> {
  await writePassed(stateRoot);
  await writeFailed(stateRoot);
  await writeRun(
    stateRoot,
    runRecord({
      run_id: SKIPPED,
      target_id: 'documents',
      git_branch: 'renovate/a-branch-with-a-rather-long-name/and-more-of-it-in-the-second-part',
      status: 'skipped',
      created_at: '2026-11-22T09:00:00.000Z',
      finished_at: '2026-11-22T09:00:00.110Z',
      message: 'none of the changed files concerns the target',
      jobs: [
        runJobRecord('check', { status: 'skipped', started_at: null, finished_at: null, exit_code: null }),
      ],
    }),
  );
}

async function writePassed(stateRoot: string): Promise<void> {
  const job = (id: string, begin: number, ms: number) =>
    runJobRecord(id, {
      description: id === 'unit' ? 'the unit tests' : '',
      started_at: at(begin),
      finished_at: at(begin + 2200 + ms),
      remote_linux_vm_execution: execution(begin, [
        ...STEPS,
        ['wait_for_completion', ms],
        ['collect_artifacts', 240],
      ]),
    });
  const timing = (node_id: string, begin: number, duration_ms: number, cached: boolean) => ({
    node_id,
    started_at: at(begin),
    finished_at: at(begin + duration_ms),
    duration_ms,
    ok: true,
    cached,
    message: null,
  });
  const dir = await writeRun(
    stateRoot,
    runRecord({
      run_id: PASSED,
      target_id: 'test',
      target_description: 'Everything that must be green before a merge',
      git_dirty: true,
      finished_at: at(31_000),
      prepare_timings: [timing('workspace-deps', 20, 9400, false), timing('node', 20, 800, true)],
      jobs: [job('unit', 9500, 17_300), job('contract', 9500, 8200), job('lint', 900, 3100)],
    }),
  );
  const output = (node_id: string, installable: string, realized_path: string) => ({
    node_id,
    installable,
    output_name: 'out',
    protocol: 'nix_store_path_v1',
    residency: 'remote_authoritative',
    realized_path,
  });
  const outputs = [
    output(
      'workspace-deps',
      '.#ci.x86_64-linux.workspaceDeps',
      '/nix/store/0c9w1d8n6f0q8q7d3pjv2jxk0m1xq8yb-workspace-deps',
    ),
    output('node', 'nixpkgs#nodejs_22', '/nix/store/k3x7l2n5v9w1r0f4d6s8a2g4h6j8k0l2-nodejs-22.11.0'),
  ];
  await writeFile(join(dir, 'prepared-outputs.json'), JSON.stringify({ schema_version: 1, outputs }));
  const files = [
    'junit.xml',
    'coverage/index.html',
    'coverage/lcov.info',
    'screenshots/a page in the dark.png',
  ];
  await writeArtifacts(dir, jobRecord({ run_id: PASSED, job_id: 'unit' }, files));
  await writeFile(join(dir, 'jobs/unit/guest.log'), testLog());
}

async function writeFailed(stateRoot: string): Promise<void> {
  const failed: Partial<RunRecord> = {
    run_id: FAILED,
    target_id: 'test',
    git_branch: 'feature/live-pages',
    status: 'failed',
  };
  const fetched = 'fetched it\n';
  const compiled = Array.from({ length: 60 }, (_, part) => `compiling part ${part}\n`).join('');
  const tested = '\u001b[31m✗\u001b[39m a test that does not pass\n';
  const begins = [fetched, fetched + compiled].map((text) => Buffer.byteLength(text));
  const [compile = 0, test = 0] = begins;
  const log = fetched + compiled + tested;
  const steps = [
    stepRecord('fetch', { name: 'Fetch what is needed', log_start: 0, log_end: compile }),
    stepRecord('compile', { name: 'Compile', log_start: compile, log_end: test }),
    stepRecord('test', {
      status: 'failed',
      exit_code: 1,
      log_start: test,
      log_end: Buffer.byteLength(log),
    }),
    skippedStep('deploy', 'the step test failed'),
  ];
  const dir = await writeRun(
    stateRoot,
    runRecord({
      ...failed,
      created_at: '2026-11-23T15:02:10.000Z',
      finished_at: '2026-11-23T15:03:31.000Z',
      message: 'unit failed',
      jobs: [
        runJobRecord('unit', {
          status: 'failed',
          exit_code: 1,
          message: 'the step test ended with status 1',
          steps,
        }),
        runJobRecord('lint'),
      ],
    }),
  );
  await writeFile(join(dir, 'jobs/unit/guest.log'), log);
}

/** A run that goes on: one preparation has ended, one job is in the middle, one waits. Gives its directory. */
export async function writeGoing(stateRoot: string): Promise<string> {
  const began = Date.now() - 21_000;
  const when = (ms: number) => new Date(began + ms).toISOString();
  const waits = {
    status: 'pending',
    started_at: null,
    finished_at: null,
    exit_code: null,
    remote_linux_vm_execution: null,
  } as const;
  const record = goingRecord({
    created_at: when(0),
    prepare_timings: [
      {
        node_id: 'deps',
        started_at: when(100),
        finished_at: when(6100),
        duration_ms: 6000,
        ok: true,
        cached: false,
        message: null,
      },
    ],
    jobs: [
      runJobRecord('unit', { ...waits, status: 'running', started_at: when(6200) }),
      runJobRecord('package', waits),
    ],
  });
  const dir = await writeRun(stateRoot, record);
  const events = STEPS.flatMap(([phase, ms], index) => {
    const begin = 6200 + STEPS.slice(0, index).reduce((sum, [, before]) => sum + before, 0);
    const common = { schema_version: 1, run_id: GOING, job_id: 'unit', phase };
    return [
      { ...common, type: 'phase_started', at: when(begin) },
      { ...common, type: 'phase_finished', at: when(begin + ms), duration_ms: ms, ok: true },
    ];
  });
  const waiting = {
    type: 'phase_started',
    schema_version: 1,
    run_id: GOING,
    job_id: 'unit',
    phase: 'wait_for_completion',
    at: when(8200),
  };
  await writeFile(
    join(dir, 'events.jsonl'),
    [...events, waiting].map((event) => `${JSON.stringify(event)}\n`).join(''),
  );
  await writeFile(join(dir, 'jobs/unit/guest.log'), '\u001b[32mline 1\u001b[0m\nline 2\n');
  return dir;
}

export function goingRecord(more: Partial<RunRecord> = {}): RunRecord {
  return runRecord({
    run_id: GOING,
    target_id: 'test',
    git_branch: 'main',
    status: 'running',
    finished_at: null,
    ...more,
  });
}

async function writeArtifacts(runDir: string, job: JobRecord): Promise<void> {
  const jobDir = join(runDir, 'jobs', job.job_id);
  await writeFile(join(jobDir, 'job.json'), JSON.stringify(job));
  for (const { path, bytes } of job.outcome?.artifacts.collected ?? []) {
    const file = join(jobDir, 'artifacts', path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, 'x'.repeat(bytes));
  }
}

/** As test runners write: colours, badges, marks, a long line. */
function testLog(): string {
  const e = '\u001b[';
  const passed = Array.from(
    { length: 60 },
    (_, n) =>
      ` ${e}32m✓${e}39m test/unit/part-${n}.test.ts ${e}2m(${n + 3} tests)${e}22m ${e}33m${n * 7 + 12} ms${e}39m\n`,
  );
  return [
    'v20.20.2\n\n',
    `${e}1m${e}46m${e}30m RUN ${e}39m${e}49m${e}22m ${e}36mv4.1.12${e}39m ${e}90m/workspace/snapshot${e}39m\n\n`,
    ...passed,
    `${e}01m${e}Ksrc/main.c:12:5:${e}m${e}K ${e}01;35m${e}Kwarning: ${e}m${e}Kunused variable ‘${e}01m${e}Ki${e}m${e}K’\n`,
    `${e}41m${e}37m FAIL ${e}0m ${e}38;5;208mpalette orange${e}0m ${e}38;2;120;200;255mtrue colour${e}0m ${e}7mreversed${e}0m ${e}34mblue${e}0m ${e}3mitalic${e}0m\n`,
    `a long line: ${'0123456789abcdef '.repeat(30)}\n`,
    ` ${e}1mTest Files${e}22m  ${e}32m60 passed${e}39m (60)\n      ${e}1mTests${e}22m  ${e}32m1950 passed${e}39m (1950)\n`,
  ].join('');
}
