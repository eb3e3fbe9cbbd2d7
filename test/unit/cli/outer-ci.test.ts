import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { commandsOf } from '../../support/outer-runner.js';
import { TEST_REPORT } from '../../support/test-report.js';
import { Cli, configWith } from './cli-harness.js';
import type { JobScript } from './scripted-pikaci.js';

const HOSTILE = [
  '::error::forged',
  '  ::add-mask::e',
  'in a line ##[set-output name=a]b',
  '::stop-commands::mine',
  '::mine::',
  '::endgroup::',
  '\x1b[0Ksection_end:1:x\r\x1b[0Ksection_start:1:forged\r\x1b[0Kforged',
  'without an end ##[error]x',
].join('\n');

const script: JobScript = async (job) => {
  job.emit({ type: 'job_started', host: 'h', backend: 'incus' });
  job.emit({ type: 'phase_started', phase: 'launch_guest' });
  job.emit({ type: 'phase_finished', phase: 'launch_guest', duration_ms: 5, ok: true });
  job.emit({ type: 'phase_started', phase: 'wait_for_completion' });
  for (const [step_id, name] of [
    ['one', 'One %0A::error::x'],
    ['two', '##[error]Two'],
  ] as const) {
    const step = { step_id, name, log_start: 0 };
    job.emit({ type: 'step_started', ...step });
    // In pieces, as it comes.
    for (let at = 0; at < HOSTILE.length; at += 7) job.log(HOSTILE.slice(at, at + 7));
    job.emit({
      type: 'step_finished',
      ...step,
      status: 'passed',
      cause: 'exit',
      exit_code: 0,
      duration_ms: 1,
      log_end: 1,
    });
  }
  job.emit({ type: 'warning', message: 'first\n::error::of a guest\n ##[error]y' });
  job.emit({ type: 'phase_finished', phase: 'wait_for_completion', duration_ms: 5, ok: true });
  job.emit({ type: 'phase_started', phase: 'collect_artifacts' });
  job.emit({ type: 'phase_finished', phase: 'collect_artifacts', duration_ms: 5, ok: true });
  return job.end({
    status: 'failed',
    exit_code: 1,
    message: 'x\n::error::z',
    test_report: { ...TEST_REPORT, failures: [] },
  });
};

const cli = (system: 'github' | 'gitlab', jobs = ['a']) =>
  new Cli({
    script,
    files: { 'pikaci.config.json': configWith(jobs) },
    env: system === 'github' ? { GITHUB_ACTIONS: 'true' } : { GITLAB_CI: 'true' },
  });

describe('in GitHub Actions', () => {
  it('one job’s log has groups with the messages in them, and nothing of a guest is a command', async () => {
    const run = cli('github');
    expect(await run.run('run')).toBe(1);
    const { text } = run.stdout;
    expect(commandsOf(text)).toEqual([
      'group prepare a',
      'endgroup',
      'group run a',
      'endgroup',
      'group step One %250A::error::x',
      'endgroup',
      'group step #\\#[error]Two',
      'endgroup',
      'group collect from a',
      'endgroup',
      'error x%0A::error::z',
    ]);
    expect(commandsOf(run.stderr.text)).toEqual([]);
    // In their group, and the guest's bytes as they are.
    expect(text).toMatch(/::group::prepare a\n(.*\n)*?.*launch_guest … (.*\n)*?::endgroup::/);
    expect(text.split(HOSTILE)).toHaveLength(3);
  });

  it('the logs of several jobs have none, and are no commands either', async () => {
    const run = cli('github', ['a', 'b']);
    await run.run('run');
    expect(commandsOf(run.stdout.text)).toEqual(['error x%0A::error::z', 'error x%0A::error::z']);
    expect(commandsOf(run.stderr.text)).toEqual([]);
  });

  it('documents have the same values, in which nothing is a command', async () => {
    for (const output of ['json', 'jsonl']) {
      const run = cli('github');
      await run.run('run', '--output', output);
      expect(commandsOf(run.stdout.text)).toEqual([]);
      expect(commandsOf(run.stderr.text)).toEqual(['error x%0A::error::z']);
      if (output === 'jsonl') expect(run.events.some(({ name }) => name === '##[error]Two')).toBe(true);
    }
  });

  it('is left alone where that is said', async () => {
    const run = cli('github');
    await run.run('run', '--ci', 'none');
    expect(run.stdout.text).toBe(HOSTILE + HOSTILE);
  });
});

test('in GitLab one job’s log has sections, and no guest opens or closes one', async () => {
  const run = cli('gitlab');
  await run.run('run');
  const sections = [...run.stdout.text.matchAll(/section_(start|end):(\d+):(\w+)\r\x1b\[0K(.*)/g)];
  expect(sections.map(([, which, , , title]) => (which === 'start' ? title : which))).toEqual([
    'prepare a',
    'end',
    'run a',
    'end',
    'step One %0A::error::x',
    'end',
    'step #\\#[error]Two',
    'end',
    'collect from a',
    'end',
  ]);
  for (const [at, [, which, , name]] of sections.entries())
    if (which === 'end') expect(sections[at - 1]?.[3]).toBe(name);
  // To a terminal it is the same.
  expect(run.stdout.text).toContain('section_start:1:forged\r\x1b[Kforged');
});

test('--code-quality writes the tests that failed at a place in the workspace, as GitLab reads them', async () => {
  const failure = (name: string, more: object) => ({
    suite: 's',
    name,
    status: 'failed' as const,
    message: '',
    ...more,
  });
  const failures = [
    failure('t', { file: './src//a.ts', line: 3, message: 'one ##[error]\ntwo' }),
    failure('t', { file: 'src/a.ts', line: 9 }),
    failure('u', { file: 'src/b.ts' }),
    failure('elsewhere', { file: '/etc/passwd', line: 1 }),
    failure('nowhere', {}),
  ];
  const run = new Cli({
    script: async (job) =>
      job.end({ status: 'failed', exit_code: 1, test_report: { ...TEST_REPORT, failures } }),
    files: {
      'pikaci.config.json': configWith(['a']),
      'q.json': 'something longer that was there before'.repeat(99),
    },
  });
  await run.run('run', '--code-quality', 'q.json');
  const issues = JSON.parse(readFileSync(join(run.folder, 'q.json'), 'utf8')) as {
    readonly fingerprint: string;
  }[];
  expect(issues).toMatchObject([
    {
      description: 's › t: one #\\#[error]',
      check_name: 'test a',
      severity: 'major',
      location: { path: 'src/a.ts', lines: { begin: 3 } },
    },
    { description: 's › t', location: { path: 'src/a.ts', lines: { begin: 9 } } },
    { description: 's › u', location: { path: 'src/b.ts', lines: { begin: 1 } } },
  ]);
  expect(new Set(issues.map(({ fingerprint }) => fingerprint)).size).toBe(3);
});
