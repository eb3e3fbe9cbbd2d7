import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TEST_REPORT } from '../../support/test-report.js';
import { Cli, configWith } from './cli-harness.js';
import type { JobScript } from './scripted-pikaci.js';

const script: JobScript = async (job) =>
  job.jobId === 'b'
    ? job.end({ status: 'passed', exit_code: 0 })
    : job.end({
        status: 'failed',
        exit_code: 1,
        message: 'no | <b>luck</b>\n::error::x',
        test_report: TEST_REPORT,
      });
const files = { 'pikaci.config.json': configWith(['a', 'b']) };

test('--summary adds the run to a file in Markdown, in which nothing of a guest is Markdown or HTML', async () => {
  const cli = new Cli({ script, files });
  writeFileSync(join(cli.folder, 'out.md'), 'before\n');
  expect(await cli.run('run', '--summary', 'out.md', '--output', 'jsonl')).toBe(1);
  const text = readFileSync(join(cli.folder, 'out.md'), 'utf8');
  expect(text).toMatch(/^before\n### pikaci: t \(<code>/);
  expect(text).toMatch(
    /\| ❌ \| <code>a<\/code> \| failed \(exit code 1\): no &#124; &#60;b&#62;luck&#60;\/b&#62; \| .* \| 26 tests: /,
  );
  expect(text).toMatch(/\| ✅ \| <code>b<\/code> \| passed \| /);
  expect(text).toContain('<code>a.ts&#58;3</code>');
  expect(text).toContain('- and 1 more');
  // The message of a test is indented, and so code.
  for (const line of text.split('\n').filter((line) => line.includes('<script>')))
    expect(line).toMatch(/^ {6}"'>/);
  expect(text).not.toMatch(/[\u202e\x1b]/);
});

test('$GITHUB_STEP_SUMMARY gets it unasked, and GitHub Actions has annotations at the places of the tests', async () => {
  const cli = new Cli({ script, files, env: { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: 'step.md' } });
  expect(await cli.run('run')).toBe(1);
  expect(readFileSync(join(cli.folder, 'step.md'), 'utf8')).toContain('### pikaci');
  const lines = cli.stdout.text.split('\n').filter((line) => line.startsWith('::error'));
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe(
    `::error file=a.ts,line=3,title=a%3A s › "'><script>alert(1)</script>\\u202e\\x1b[2J::one%0A%0A"'><script>alert(1)</script>\\u202e\\x1b[2J%0Athree%0Afour`,
  );
  expect(lines[1]).toBe('::error title=a%3A other 0::failed');
});

test('a job without reports that failed is an annotation of its own; nothing of it can be a command', async () => {
  const cli = new Cli({
    script: async (job) => job.end({ status: 'failed', exit_code: 1, message: '100%\n::add-mask::x' }),
    files: { 'pikaci.config.json': configWith(['a']) },
    env: { GITHUB_ACTIONS: 'true' },
  });
  await cli.run('run');
  const lines = cli.stdout.text.split('\n').filter((line) => line.startsWith('::error'));
  expect(lines).toEqual(['::error title=a failed::100%25%0A::add-mask::x']);
});

test('a summary that cannot be written is said, and changes no result', async () => {
  const cli = new Cli({ script: async (job) => job.end({ status: 'passed', exit_code: 0 }), files });
  mkdirSync(join(cli.folder, 'taken'));
  chmodSync(join(cli.folder, 'taken'), 0o755);
  expect(await cli.run('run', '--summary', 'taken')).toBe(0);
  expect(cli.stderr.text).toContain('the summary could not be written: EISDIR');
});

test('a summary that is a FIFO which nobody reads holds nobody', async () => {
  const cli = new Cli({ script: async (job) => job.end({ status: 'passed', exit_code: 0 }), files });
  execFileSync('mkfifo', [join(cli.folder, 'fifo')]);
  expect(await cli.run('run', '--summary', 'fifo')).toBe(0);
  expect(cli.stderr.text).toContain('the summary could not be written: ENXIO');
});

test('a test has its place only where that is in the workspace', async () => {
  const placed = (file: string) => ({
    suite: '',
    name: 't',
    status: 'failed' as const,
    message: '',
    file,
    line: 3,
  });
  const of = async (file: string) => {
    const report = { ...TEST_REPORT, failed: 1, failures: [placed(file)] };
    const cli = new Cli({
      script: async (job) => job.end({ status: 'failed', exit_code: 1, test_report: report }),
      files: { 'pikaci.config.json': configWith(['a']) },
      env: { GITHUB_ACTIONS: 'true' },
    });
    await cli.run('run');
    return cli.stdout.text.split('\n').find((line) => line.startsWith('::error'));
  };
  for (const file of ['../a', 'a/../../b', '/etc/passwd', '..', 'C:\\a', '..\\a', 'file:a', '.'])
    expect(await of(file)).toBe('::error title=a%3A t::failed');
  expect(await of('./a//b/../c..ts')).toBe('::error file=a/c..ts,line=3,title=a%3A t::failed');
});
