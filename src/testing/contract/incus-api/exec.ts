import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { collected, ran } from './exec-output.js';
import { faultOf, okOf } from './outcome.js';
import { runningInstance } from './running-instance.js';
import { type Bench, discard, newInstance } from './subject.js';

export function execContract(runner: ContractRunner, bench: Bench): void {
  const { it, describe } = runner;
  const { subject } = bench;
  describe('running a command', () => {
    const name = runningInstance(runner, bench);
    const run = (command: readonly [string, ...string[]], more: object = {}) =>
      ran(subject(), name(), { command, ...more });

    it('gives its exit code, and a failing one is no fault', async () => {
      assert.equal((await run(['true'])).code, 0);
      assert.equal((await run(['false'])).code, 1);
      assert.equal((await run(['sh', '-c', 'exit 42'])).code, 42);
    });

    it('gives 127 for a command that is not there', async () => {
      const { code, stdout } = await run(['no-such-command']);
      assert.deepEqual({ code, stdout }, { code: 127, stdout: '' });
    });

    it('keeps stdout and stderr apart, whole', async () => {
      const { stdout, stderr, code } = await run(['sh', '-c', 'echo out; echo err >&2; exit 3']);
      assert.deepEqual({ stdout, stderr, code }, { stdout: 'out\n', stderr: 'err\n', code: 3 });
    });

    it('passes arguments as they are, and sets directory and environment', async () => {
      const hostile = `$(id) "'\`; \\ é`;
      assert.equal((await run(['echo', hostile])).stdout, `${hostile}\n`);
      assert.equal((await run(['pwd'], { cwd: '/tmp' })).stdout, '/tmp\n');
      assert.match((await run(['env'], { environment: { GREETING: 'a b' } })).stdout, /^GREETING=a b$/m);
    });

    it('reads what is given as standard input, to its end', async () => {
      const stdin = Buffer.alloc(1_000_000, 'pikaci\n');
      const { stdout, code } = await run(['cat'], { stdin });
      assert.equal(code, 0);
      assert.equal(stdout.length, stdin.length);
      assert.equal((await run(['cat'])).stdout, '', 'no input is an empty input');
    });

    it('reads what is written to it until the end is said', async () => {
      const { api, project } = subject();
      await using exec = okOf(await api.exec(project, name(), { command: ['cat'], stdin: 'open' }));
      okOf(await exec.write(Buffer.from('one ')));
      okOf(await exec.write(Buffer.from('two')));
      await exec.endInput();
      assert.equal((await collected(exec)).stdout, 'one two');
      faultOf(await exec.write(Buffer.from('late')), 'closed');
    });

    it('does not mind input that the command does not read', async () => {
      const { api, project } = subject();
      const request = { command: ['true'], stdin: Buffer.alloc(4_000_000) } as const;
      await using exec = okOf(await api.exec(project, name(), request));
      assert.equal(okOf(await exec.exit).code, 0);
    });

    it('ends though its input was left open', async () => {
      const { api, project } = subject();
      await using exec = okOf(await api.exec(project, name(), { command: ['true'], stdin: 'open' }));
      assert.equal(okOf(await exec.exit).code, 0);
    });

    it('dies of a signal with 128 and its number', async () => {
      const { api, project } = subject();
      await using exec = okOf(await api.exec(project, name(), { command: ['sleep', '1000'] }));
      okOf(await exec.sendSignal(15));
      assert.equal(okOf(await exec.exit).code, 143);
      faultOf(await exec.sendSignal(15), 'closed');
    });

    it('is let go of by disposing, at once, and then has no exit status', async () => {
      const { api, project } = subject();
      const exec = okOf(await api.exec(project, name(), { command: ['sleep', '1000'] }));
      await exec[Symbol.asyncDispose]();
      faultOf(await exec.exit, 'closed');
      assert.equal((await collected(exec)).stdout, '');
    });

    it('is cancelled by the signal that it was started with', async () => {
      const { api, project } = subject();
      const giveUp = new AbortController();
      const options = { signal: giveUp.signal };
      await using exec = okOf(await api.exec(project, name(), { command: ['sleep', '1000'] }, options));
      giveUp.abort();
      faultOf(await exec.exit, 'aborted');
    });

    it('ends with closed when the API is closed by its owner', async () => {
      const other = await subject().another();
      const exec = okOf(await other.exec(subject().project, name(), { command: ['sleep', '1000'] }));
      await other[Symbol.asyncDispose]();
      faultOf(await exec.exit, 'closed', 'connection_lost');
    });

    it('is refused where nothing runs', async () => {
      const { api, project } = subject();
      faultOf(await api.exec(project, 'no-such-instance', { command: ['true'] }), 'not_found');
      const stopped = newInstance(subject(), { start: false });
      okOf(await api.createInstance(project, stopped));
      faultOf(await api.exec(project, stopped.name, { command: ['true'] }), 'invalid_request');
      await discard(subject(), stopped.name);
    });
  });
}
