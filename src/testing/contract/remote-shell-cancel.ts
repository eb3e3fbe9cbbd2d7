import assert from 'node:assert/strict';
import type { RunningCommand } from '../../ports/remote-shell.js';
import type { SuiteRunner } from './contract-runner.js';
import { must, mustFail } from './expect-result.js';
import type { RemoteShellFixture } from './remote-shell-fixture.js';
import { ran } from './run-command.js';
import { withFixture } from './with-fixture.js';

/** A family that does not go easily: one that ignores TERM, a grandchild, and one in a session of its own. */
const FAMILY = `
trap '' TERM
sh -c 'echo $$; sleep 1000' &
setsid sh -c 'echo $$; (sleep 1000); true' &
setsid sh -c 'trap "" TERM; echo $$; while :; do sleep 1; done' </dev/null >&2 2>/dev/null &
echo $$
while :; do sleep 1; done`;

/** The first `count` lines of a command that runs on. */
async function firstLines(running: RunningCommand, count: number): Promise<readonly string[]> {
  let text = '';
  for await (const { data } of running.output) {
    text += Buffer.from(data).toString('utf8');
    const lines = text.split('\n');
    if (lines.length > count) return lines.slice(0, count);
  }
  return text.split('\n');
}

/** Cancelling and giving up. */
export function shellCancelContract(runner: SuiteRunner, make: () => Promise<RemoteShellFixture>): void {
  const it = withFixture(runner, make);
  const alive = async (fixture: RemoteShellFixture, pids: readonly string[]) => {
    // A zombie whose parent has not asked for it yet is not alive.
    const script =
      'for p; do grep -q "^State:[[:space:]]*[^Z[:space:]]" "/proc/$p/status" 2>/dev/null && echo "$p"; done; true';
    return (await ran(fixture.shell, { argv: ['sh', '-c', script, 'alive', ...pids] })).stdout
      .split('\n')
      .filter(Boolean);
  };

  it('cancelling ends every process that the command started', async (fixture) => {
    const cancel = new AbortController();
    await using running = must(
      await fixture.shell.spawn({ argv: ['sh', '-c', FAMILY] }, { signal: cancel.signal }),
    );
    const pids = await firstLines(running, 3);
    assert.equal((await alive(fixture, pids)).length, 3);
    cancel.abort();
    mustFail(await running.exit, 'aborted');
    assert.deepEqual(await alive(fixture, pids), []);
  });

  it('disposing of a running command ends it as well', async (fixture) => {
    const running = must(await fixture.shell.spawn({ argv: ['sh', '-c', 'echo $$; sleep 1000'] }));
    const pids = await firstLines(running, 1);
    await running[Symbol.asyncDispose]();
    await running[Symbol.asyncDispose]();
    mustFail(await running.exit, 'aborted');
    assert.deepEqual(await alive(fixture, pids), []);
  });

  it('disposing of a command that has ended changes nothing', async ({ shell }) => {
    const running = must(await shell.spawn({ argv: ['true'] }));
    assert.equal(must(await running.exit).code, 0);
    await running[Symbol.asyncDispose]();
    assert.equal(must(await running.exit).code, 0);
  });

  it('twenty commands are cancelled at once', async (fixture) => {
    const cancel = new AbortController();
    const started = await Promise.all(
      Array.from({ length: 6 }, () =>
        fixture.shell.spawn({ argv: ['sleep', '1000'] }, { signal: cancel.signal }),
      ),
    );
    const waiting = Array.from({ length: 14 }, () =>
      fixture.shell.spawn({ argv: ['sleep', '1000'] }, { signal: cancel.signal }),
    );
    cancel.abort();
    for (const one of started) mustFail(await must(one).exit, 'aborted');
    for (const one of await Promise.all(waiting))
      mustFail(one.isErr() ? one : await one.value.exit, 'aborted');
    assert.equal((await ran(fixture.shell, { argv: ['echo', 'free again'] })).stdout, 'free again\n');
  });
}
