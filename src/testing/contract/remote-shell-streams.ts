import assert from 'node:assert/strict';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { SuiteRunner } from './contract-runner.js';
import { must } from './expect-result.js';
import type { RemoteShellFixture } from './remote-shell-fixture.js';
import { ran } from './run-command.js';
import { withFixture } from './with-fixture.js';

const MB = 1_000_000;

/** Looks at a number in a file until it has been the same for twenty looks. */
async function standstill(shell: RemoteShell, path: string): Promise<number> {
  let last = '';
  for (let same = 0; same < 20; ) {
    const { stdout } = await ran(shell, { argv: ['cat', path] });
    same = stdout === last ? same + 1 : 0;
    last = stdout;
  }
  return Number(last);
}

/** Many at once, much at once, and readers that are slow or leave. */
export function shellStreamContract(runner: SuiteRunner, make: () => Promise<RemoteShellFixture>): void {
  const it = withFixture(runner, make);

  it('twenty commands at once all end, each with its own output', async ({ shell }) => {
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        ran(shell, { argv: ['sh', '-c', `sleep 0.05; echo ${index}`] }),
      ),
    );
    assert.deepEqual(
      all.map((one) => one.stdout),
      Array.from({ length: 20 }, (_, index) => `${index}\n`),
    );
  });

  it('commands that end as soon as they have begun all end with their status', async ({ shell }) => {
    let left = 300;
    const oneAfterAnother = async () => {
      while (left-- > 0) assert.equal((await ran(shell, { argv: ['true'] })).code, 0);
    };
    await Promise.all(Array.from({ length: 5 }, oneAfterAnother));
  });

  it('bytes come through unchanged in both directions', async ({ shell }) => {
    const data = Buffer.from(Array.from({ length: 2 * MB }, (_, index) => (index * 31) % 256));
    await using running = must(await shell.spawn({ argv: ['cat'], stdin: data }));
    const back: Uint8Array[] = [];
    for await (const chunk of running.output) back.push(chunk.data);
    assert.equal(must(await running.exit).code, 0);
    assert.ok(Buffer.concat(back).equals(data));
  });

  it('a command waits for a slow reader, and 50 MB then arrive whole', async ({ shell, remote }) => {
    const script = `i=0; while [ "$i" -lt 50 ]; do head -c ${MB} /dev/zero; i=$((i + 1)); echo "$i" > "$1"; done`;
    const progress = `${remote}/progress`;
    await using running = must(await shell.spawn({ argv: ['sh', '-c', script, 'writer', progress] }));
    const reader = running.output[Symbol.asyncIterator]();
    let bytes = (await reader.next()).value.data.length;
    const written = await standstill(shell, progress);
    assert.ok(written < 20, `${written} MB were written while nobody read`);
    for (let next = await reader.next(); !next.done; next = await reader.next())
      bytes += next.value.data.length;
    assert.equal(must(await running.exit).code, 0);
    assert.equal(bytes, 50 * MB);
  });

  it('5 MB of standard error do not stall standard output', async ({ shell }) => {
    const script = `head -c ${5 * MB} /dev/zero >&2; echo done`;
    const { stdout, stderr, code } = await ran(shell, { argv: ['sh', '-c', script] });
    assert.equal(stderr.length, 5 * MB);
    assert.equal(stdout, 'done\n');
    assert.equal(code, 0);
  });

  it('a reader that leaves does not stall the command', async ({ shell }) => {
    const script = `head -c ${5 * MB} /dev/zero; exit 4`;
    await using running = must(await shell.spawn({ argv: ['sh', '-c', script] }));
    for await (const _ of running.output) break;
    assert.equal(must(await running.exit).code, 4);
  });

  it('a command that does not read its input still ends', async ({ shell }) => {
    async function* endless() {
      for (;;) yield Buffer.alloc(65_536);
    }
    assert.equal((await ran(shell, { argv: ['sh', '-c', 'exit 5'], stdin: endless() })).code, 5);
  });

  it('a command that ends by a signal says which', async ({ shell }) => {
    const { code, signal } = await ran(shell, { argv: ['sh', '-c', 'kill -KILL $$'] });
    assert.deepEqual({ code, signal }, { code: null, signal: 'KILL' });
  });

  it('a source of input that fails ends the command', async ({ shell }) => {
    // biome-ignore lint/correctness/useYield: it fails before the first piece
    async function* broken(): AsyncGenerator<Uint8Array> {
      throw new Error('the source broke');
    }
    await using running = must(await shell.spawn({ argv: ['cat'], stdin: broken() }));
    const exit = await running.exit;
    assert.ok(exit.isErr());
    assert.equal(exit.error.kind, 'aborted');
    assert.match(exit.error.kind === 'aborted' ? exit.error.message : '', /the source broke/);
  });
}
