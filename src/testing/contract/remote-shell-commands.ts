import assert from 'node:assert/strict';
import type { Command } from '../../ports/remote-shell.js';
import type { SuiteRunner } from './contract-runner.js';
import { mustFail } from './expect-result.js';
import type { RemoteShellCapabilities, RemoteShellFixture } from './remote-shell-fixture.js';
import { faultOf, ran } from './run-command.js';
import { withFixture } from './with-fixture.js';

/** Words that a shell would do something with. */
const HOSTILE = [
  "it's",
  '"double"',
  '$(id)',
  '`id`',
  '$HOME',
  'a\nb',
  ' spaces ',
  '',
  '*',
  '~',
  ';&|<>',
  '\\',
  "\\'",
  '--',
  '-n',
  'ünïcödé 😀',
  '!!',
  '{a,b}',
  '\u0001\t',
];

/** What is handed in arrives, and what comes of it comes back. */
export function shellCommandContract(
  runner: SuiteRunner,
  make: () => Promise<RemoteShellFixture>,
  capabilities: RemoteShellCapabilities,
): void {
  const it = withFixture(runner, make);

  it('the output and the exit code of a command come back', async ({ shell }) => {
    const script = 'echo out; echo err >&2; exit 3';
    assert.deepEqual(await ran(shell, { argv: ['sh', '-c', script] }), {
      stdout: 'out\n',
      stderr: 'err\n',
      code: 3,
      signal: null,
    });
  });

  it('words arrive as they are, whatever is in them', async ({ shell }) => {
    const { stdout } = await ran(shell, { argv: ['printf', '<%s>', ...HOSTILE] });
    assert.equal(stdout, HOSTILE.map((word) => `<${word}>`).join(''));
  });

  it('variables arrive as they are, whatever is in them', async ({ shell }) => {
    const value = HOSTILE.join('|');
    const script = 'printf %s "$FIRST$_2"';
    const { stdout } = await ran(shell, {
      argv: ['sh', '-c', script],
      env: { FIRST: value, _2: '=second=' },
    });
    assert.equal(stdout, `${value}=second=`);
  });

  it('standard input arrives and ends', async ({ shell }) => {
    assert.equal(
      (await ran(shell, { argv: ['cat'], stdin: Buffer.from('from memory') })).stdout,
      'from memory',
    );
    async function* pieces() {
      yield Buffer.from('in ');
      yield Buffer.from('pieces');
    }
    assert.equal((await ran(shell, { argv: ['cat'], stdin: pieces() })).stdout, 'in pieces');
    assert.equal((await ran(shell, { argv: ['cat'] })).stdout, '');
  });

  it('a command runs in the directory that was named', async ({ shell, remote }) => {
    assert.equal((await ran(shell, { argv: ['pwd', '-P'], cwd: remote })).stdout.trim(), remote);
  });

  it('a program that is not there ends with 127, as in a shell', async ({ shell }) => {
    const result = await ran(shell, { argv: ['pikaci-no-such-program'] });
    assert.equal(result.code, 127);
    assert.match(result.stderr, /pikaci-no-such-program/);
  });

  it('a file that may not be executed ends with 126, as in a shell', async ({ shell }) => {
    assert.equal((await ran(shell, { argv: ['/etc/passwd'] })).code, 126);
  });

  it('what cannot be run is refused before anything is sent', async ({ shell }) => {
    const bad: readonly Command[] = [
      { argv: [''] },
      { argv: [] as unknown as Command['argv'] },
      { argv: ['true', 'a\0b'] },
      { argv: ['true'], env: { 'NOT A NAME': 'x' } },
      { argv: ['true'], env: { '1A': 'x' } },
      { argv: ['true'], env: { A: 'x\0' } },
      { argv: ['true'], cwd: 'relative' },
    ];
    for (const command of bad) mustFail(await shell.spawn(command), 'invalid_command');
  });

  it('a signal that has fired already starts nothing', async ({ shell }) => {
    assert.equal((await faultOf(shell, { argv: ['true'] }, { signal: AbortSignal.abort() })).kind, 'aborted');
  });

  if (!capabilities.processes) return;
  it('a directory that is not there is spawn_failed', async ({ shell, remote }) => {
    const fault = mustFail(await shell.spawn({ argv: ['true'], cwd: `${remote}/missing` }), 'spawn_failed');
    assert.equal(fault.host, shell.host);
  });

  it('a command that ends with its process does not wait for what that leaves behind, and ends it', async ({
    shell,
  }) => {
    const script = 'sleep 1000 & echo $!; (trap "" TERM; while :; do sleep 0.1; done) & echo $!; exit 3';
    const argv = ['sh', '-c', script] as const;
    const { stdout, code } = await ran(shell, { argv, endsWithProcess: true });
    assert.equal(code, 3);
    const pids = stdout.trim().split('\n');
    assert.equal(pids.length, 2);
    for (const pid of pids)
      assert.notEqual((await ran(shell, { argv: ['grep', '-q', '.', `/proc/${pid}/cmdline`] })).code, 0);
  });

  it('what cannot be found does not keep such a command from ending, and its last words come', async ({
    shell,
  }) => {
    const script = 'env -i sleep 1000 & echo $!; head -c 400000 /dev/zero >&2';
    const argv = ['sh', '-c', script] as const;
    const { stdout, stderr, code } = await ran(shell, { argv, endsWithProcess: true });
    assert.deepEqual([code, stderr.length], [0, 400_000]);
    assert.equal((await ran(shell, { argv: ['kill', stdout.trim()] })).code, 0);
  });
}
