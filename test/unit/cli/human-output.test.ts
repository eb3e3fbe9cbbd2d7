import { expect, test } from 'vitest';
import { MAX_HELD_LINE } from '../../../src/adapters/cli/output/line-assembler.js';
import { Cli, configWith } from './cli-harness.js';
import type { JobScript, ScriptedJob } from './scripted-pikaci.js';

const two = { 'pikaci.config.json': configWith(['a', 'b']) };

/** Both jobs are under way before either goes on. */
function together(...scripts: ((job: ScriptedJob) => void)[]): JobScript {
  const jobs: ScriptedJob[] = [];
  let go: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    go = resolve;
  });
  return async (job) => {
    jobs.push(job);
    if (jobs.length === 2) {
      jobs.sort((x, y) => x.jobId.localeCompare(y.jobId));
      for (const [index, script] of scripts.entries()) script(jobs[index % 2] as ScriptedJob);
      go();
    }
    await all;
    return job.end({});
  };
}

test("a single job's log comes through byte for byte, and nothing else is on standard output", async () => {
  const bytes = Uint8Array.of(0x1b, 0x5b, 0x31, 0x6d, 0xff, 0xfe, 0x00, 0x0d, 0x0a, 0xe2, 0x82);
  const cli = new Cli({
    script: async (job) => {
      job.log(bytes);
      job.emit({ type: 'warning', message: 'something' });
      job.log(bytes);
      return job.end({});
    },
  });
  await cli.run('run');
  expect(cli.stdout.bytes).toEqual(Buffer.concat([bytes, bytes]));
});

test('lines of several jobs carry the id of their job and are never mixed', async () => {
  const cli = new Cli({
    files: two,
    script: together(
      (a) => a.log('one of a, '),
      (b) => b.log('one of b\ntwo '),
      (a) => a.log('whole\n\n'),
      (b) => b.log('of b\nrest'),
    ),
  });
  await cli.run('run');
  const lines = cli.stdout.text.split('\n');
  expect(lines.slice(0, 4)).toEqual(['[b] one of b', '[a] one of a, whole', '[a] ', '[b] two of b']);
  expect(lines.slice(4)).toEqual(['[b] rest', '']);
});

test('an overlong line is given out in pieces that say so, with no byte lost and no character cut', async () => {
  const line = '€'.repeat(MAX_HELD_LINE);
  const cli = new Cli({
    files: two,
    script: together((a) => {
      const bytes = Buffer.from(`${line}\nnext\n`);
      for (let i = 0; i < bytes.length; i += 10_007) a.log(bytes.subarray(i, i + 10_007));
    }),
  });
  await cli.run('run');
  const lines = cli.stdout.text.trimEnd().split('\n');
  expect(lines[0]?.startsWith('[a] €')).toBe(true);
  expect(lines.slice(1, -1).every((piece) => piece.startsWith('[a]+'))).toBe(true);
  expect(
    lines
      .slice(0, -1)
      .map((piece) => piece.slice(4))
      .join(''),
  ).toBe(line);
  expect(Math.max(...lines.map((piece) => Buffer.byteLength(piece)))).toBeLessThanOrEqual(MAX_HELD_LINE + 4);
  expect(lines.at(-1)).toBe('[a] next');
});

const phases: JobScript = async (job) => {
  job.emit({ type: 'phase_started', phase: 'launch_guest' });
  job.emit({ type: 'phase_finished', phase: 'launch_guest', duration_ms: 212, ok: true });
  job.emit({ type: 'phase_finished', phase: 'collect_artifacts', duration_ms: 3500, ok: false });
  return job.end({});
};

test('without a terminal each finished phase is a plain line, and nothing is drawn over', async () => {
  const cli = new Cli({ script: phases });
  await cli.run('run');
  expect(cli.stderr.text).toContain('[a] launch_guest … 212 ms\n[a] collect_artifacts failed after 3.5 s\n');
  expect(cli.stderr.text).not.toMatch(/[\r\x1b]/);
});

test('a summary after an unfinished line of the guest starts on a line of its own', async () => {
  const cli = new Cli({
    terminal: true,
    env: { NO_COLOR: '1' },
    script: async (job) => {
      job.log('no newline');
      return job.end({});
    },
  });
  await cli.run('run');
  expect(cli.stderr.text).toContain('\n\n✓ a passed');
  expect(cli.stdout.text).toBe('no newline');
});

test.each([
  ['TERM', 'dumb'],
  ['NO_COLOR', '1'],
  ['CI', 'true'],
])('%s=%s gets plain lines although it is a terminal, and nothing ticks', async (name, value) => {
  const cli = new Cli({ terminal: true, env: { [name]: value }, script: phases });
  await cli.run('run');
  expect(cli.stderr.text).toContain('launch_guest … 212 ms\n');
  expect(cli.stderr.text).not.toMatch(/\r|\x1b\[(?!\d+m)/);
  expect(cli.clock.asked).not.toContain(100);
});

test.each([
  ['a terminal has colours', {}, true, true],
  ['a file has none', {}, false, false],
  ['NO_COLOR takes them away', { NO_COLOR: '1' }, true, false],
  ['FORCE_COLOR brings them into a file', { FORCE_COLOR: '1' }, false, true],
  ['FORCE_COLOR=0 takes them away', { FORCE_COLOR: '0' }, true, false],
  ['NO_COLOR beats FORCE_COLOR', { NO_COLOR: '1', FORCE_COLOR: '1' }, true, false],
])('%s', async (_title, env, terminal, coloured) => {
  const cli = new Cli({ terminal, env: env as Record<string, string>, script: phases });
  await cli.run('run');
  expect(/\x1b\[\d+m/.test(cli.stderr.text)).toBe(coloured);
});

test('the summary has status, exit code, phases, log, artifacts and what was refused, with the rule', async () => {
  const phase = {
    phase: 'launch_guest',
    started_at: '',
    finished_at: '',
    duration_ms: 212,
    ok: true,
  } as const;
  const cli = new Cli({
    script: async (job) =>
      job.end({
        status: 'failed',
        cause: 'timeout',
        exit_code: 124,
        message: 'ended after 600 s',
        started_at: '2026-11-23T16:45:01.000Z',
        finished_at: '2026-11-23T16:46:02.200Z',
        kept_log_bytes: 2048,
        phases: [phase, { ...phase, phase: 'wait_for_completion', duration_ms: 61_000, ok: false }],
        artifacts: {
          collected: [{ path: 'x', bytes: 1536 }],
          refused: [{ path: 'evil\x1b[2J\n', rule: 'symbolic_link' }],
          refused_count: 3,
          incomplete: 'the connection broke',
          unmatched: ['out/*.xml', 'a\x1b'],
        },
      }),
  });
  await cli.run('run');
  const dir = '/state/runs/20261123-164501-a1a2a3/jobs/a';
  expect(cli.stderr.text.split('\n').slice(1)).toEqual([
    '✗ a failed (exit code 124, timeout) in 1 min 1 s',
    '  ended after 600 s',
    '  phases     launch_guest 212 ms, wait_for_completion 1 min 1 s (failed)',
    `  log        ${dir}/guest.log (2.0 KiB)`,
    `  artifacts  ${dir}/artifacts (1 file, 1.5 KiB)`,
    '  refused    3 artifacts',
    '             symbolic_link: evil\\x1b[2J\\n',
    '             and 2 more',
    '  no artifact matches "out/*.xml"',
    '  no artifact matches "a\\u001b"',
    '  artifacts are incomplete: the connection broke',
    '',
  ]);
});

test('messages of hosts and guests cannot steer the terminal or pass for lines of pikaci', async () => {
  const evil = 'x\x1b]0;title\x07\u202e\x9b2J\r\n✓ a passed';
  const cli = new Cli({
    script: async (job) => {
      job.emit({ type: 'warning', message: evil });
      job.emit({ type: 'connection_lost', log_offset: 7, message: evil });
      return job.fault({ message: evil, cause: { kind: 'unreadable', path: evil, message: evil } });
    },
  });
  await cli.run('run');
  expect(cli.stderr.text).not.toMatch(/[\x1b\x07\x9b\u202e\r]|^✓/m);
  expect(cli.stderr.text).toContain('warning: x\\x1b]0;title\\x07\\u202e\\x9b2J\n  ✓ a passed');
});

test('a refused host key is shown with its fingerprint and the line of known_hosts to look at', async () => {
  const cli = new Cli({
    script: async (job) =>
      job.fault({
        kind: 'host',
        phase: 'prepare_directories',
        host: 'ci@box:2222',
        message: 'the host key was refused',
        cause: {
          kind: 'host_key_refused',
          host: 'ci@box:2222',
          reason: 'mismatch',
          fingerprint: 'SHA256:abc',
          knownHostsFile: '/home/me/known',
          message: 'another key is known',
        },
      }),
  });
  expect(await cli.run('run')).toBe(3);
  expect(cli.stderr.text).toContain(
    [
      '✗ a has no result (system failure)',
      '  host in prepare_directories on ci@box:2222: the host key was refused',
      '  cause: host_key_refused: another key is known',
      '  the host showed the key SHA256:abc (mismatch)',
      "  look at the line for [box]:2222 in /home/me/known: ssh-keygen -l -F '[box]:2222' -f '/home/me/known'",
    ].join('\n'),
  );
});

const FAULT = { phase: null, host: 'ci@box', message: 'said so' } as const;

test.each([
  ['run_exists', '✗ a was refused', 2],
  ['job_in_use', '✗ a was refused', 2],
  ['invalid_job', '✗ a was refused', 2],
  ['cancelled', '– a cancelled: said so', 130],
  ['incus', '✗ a has no result (system failure)', 3],
] as const)('a fault of the kind %s is told as what it is', async (kind, line, code) => {
  const cli = new Cli({ script: async (job) => job.fault({ ...FAULT, kind }) });
  expect(await cli.run('run')).toBe(code);
  expect(cli.stderr.text).toContain(line);
  if (code !== 3) expect(cli.stderr.text).not.toContain('machinery');
});

test('a job that was cancelled before it began is cancelled for machines, too', async () => {
  const cli = new Cli({ script: async (job) => job.fault({ ...FAULT, kind: 'cancelled' }) });
  expect(await cli.run('run', '--output', 'json')).toBe(130);
  expect(JSON.parse(cli.stdout.text).jobs).toMatchObject([
    { status: 'cancelled', cause: 'cancelled', exit_code: null, fault: { kind: 'cancelled' } },
  ]);
});
