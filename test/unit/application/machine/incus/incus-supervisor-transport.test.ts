import { describe, expect, it } from 'vitest';
import { MemoryHost } from '../../../../../src/adapters/memory/memory-host.js';
import type { MemoryExecHandler } from '../../../../../src/adapters/memory/memory-incus/memory-process.js';
import { IncusSupervisorTransport } from '../../../../../src/application/machine/incus/incus-supervisor-transport.js';
import { SupervisedGuest } from '../../../../../src/application/supervisor/supervised-guest.js';
import type { OutputChunk } from '../../../../../src/ports/output-chunk.js';
import { must, mustFail } from '../../../../../src/testing/contract/expect-result.js';
import { sampleIncusContext } from '../../../../support/sample-contexts.js';

const call = { signal: new AbortController().signal };
const status = '{"schema_version":1,"state":"running","log_bytes":3,"result":null}';
const out = (text: string): OutputChunk => ({ stream: 'stdout', data: Buffer.from(text) });
const said = (text: string): OutputChunk => ({ stream: 'stderr', data: Buffer.from(text) });

async function guestThat(chunks: readonly OutputChunk[], code = 0) {
  const host = new MemoryHost();
  const handler: MemoryExecHandler = async function* () {
    yield* chunks;
    return code;
  };
  host.incus.execHandler = handler;
  const context = { ...sampleIncusContext(), incusProject: 'default' };
  must(
    await host.incus.createInstance('default', {
      name: context.incusInstanceName,
      type: 'container',
      ephemeral: true,
      start: true,
      source: { alias: 'pikaci/dev' },
      config: {},
      devices: {},
    }),
  );
  return {
    host,
    context,
    guest: new SupervisedGuest(new IncusSupervisorTransport(host.incus, context, { text: 'text' })),
  };
}

describe('the supervisor of an instance', () => {
  it('has its status read behind the log, by however slow a reader', async () => {
    const { guest } = await guestThat([out('one'), out('two'), said(`noise\n${status}\n`)]);
    const stream = must(await guest.follow(0, call));
    const chunks: string[] = [];
    for await (const chunk of stream.log) {
      // The command is over long before this reader is.
      await new Promise((resolve) => setImmediate(resolve));
      chunks.push(Buffer.from(chunk).toString());
    }
    expect(chunks.join('')).toBe('onetwo');
    expect(must(await stream.end).state).toBe('running');
  });

  it('does not keep a reader waiting that leaves', async () => {
    const { guest } = await guestThat([out('one'), said(status)]);
    const stream = must(await guest.follow(0, call));
    await stream[Symbol.asyncDispose]();
    await stream.end;
  });

  for (const [title, line] of [
    ['says nothing', ''],
    ['says something else', 'sh: not found'],
    ['says something of another form', '{"schema_version":1,"state":"fine"}'],
  ] as const) {
    it(`is refused when it ${title}`, async () => {
      const { guest } = await guestThat([said(line)]);
      const stream = must(await guest.follow(0, call));
      for await (const _ of stream.log) throw new Error('there is no log');
      expect(mustFail(await stream.end, 'refused').message).toContain('no status');
    });
  }

  it('is not listened to for longer than an answer may be', async () => {
    const { guest } = await guestThat([out('x'.repeat(300 * 1024))]);
    expect(mustFail(await guest.cancel(1, call), 'refused').message).toContain('more than');
  });

  it('has its complaint passed on when it fails', async () => {
    const { guest } = await guestThat([said('pikaci-incus-run: usage: no')], 64);
    expect(mustFail(await guest.secrets(call), 'refused').message).toContain('usage: no');
  });

  it('has what it refuses passed on by the name that it gives', async () => {
    const { guest } = await guestThat([said('pikaci-incus-run: busy: the step build is running')], 75);
    const stream = must(await guest.follow(0, call));
    for await (const _ of stream.log) throw new Error('there is no log');
    expect(mustFail(await stream.end, 'refused')).toMatchObject({ refusal: 'busy' });
  });

  it('is refused a list that does not end as one', async () => {
    const { guest } = await guestThat([out('{"state":"absent"}')]);
    expect(mustFail(await guest.list(['/'], 3, call), 'refused').message).toContain('is not a list');
  });

  it('has its files listed up to a number, by the bytes of their names', async () => {
    const names = Buffer.concat([
      Buffer.from('f 7 /a\0l 3 /b\0'),
      Buffer.from([0x2f, 0xff, 0]),
      // As stat says it, and as supervisors before 0.2 did.
      Buffer.from('81a4 12345678901 /f 1 /c\0/d\0s 0 /e\n\0'),
    ]);
    const { guest } = await guestThat([{ stream: 'stdout', data: names }]);
    expect(must(await guest.list(['/'], 6, call))).toEqual({
      files: [
        { path: '/a', kind: 'file', size: 7 },
        { path: '/b', kind: 'symbolic_link', size: 3 },
        { path: '/\udcff', kind: 'unknown', size: null },
        { path: '/f 1 /c', kind: 'file', size: 12_345_678_901 },
        { path: '/d', kind: 'unknown', size: null },
        { path: '/e\n', kind: 'special', size: 0 },
      ],
      truncated: false,
    });
    expect(must(await guest.list(['/'], 1, call))).toMatchObject({
      files: [{ path: '/a' }],
      truncated: true,
    });
  });

  it('has not been asked, and may be asked again, when the streams of a call did not come in time', async () => {
    const { guest, host } = await guestThat([]);
    // biome-ignore lint/correctness/useYield: it fails before it says anything.
    host.incus.execHandler = async function* () {
      throw new Error('Timed out waiting for websockets to connect');
    };
    const stream = must(await guest.follow(0, call));
    for await (const _ of stream.log) throw new Error('there is no log');
    mustFail(await stream.end, 'connection_lost');
    mustFail(await guest.list(['/'], 6, call), 'connection_lost');
    mustFail(await guest.status(call), 'connection_lost');
  });

  it('does not run with its instance, and is gone with it', async () => {
    const { guest, host, context } = await guestThat([]);
    const [instance] = host.incus.allInstances;
    if (instance !== undefined) instance.status = 'Stopped';
    mustFail(await guest.follow(0, call), 'not_running');
    must(await host.incus.deleteInstance('default', context.incusInstanceName));
    mustFail(await guest.follow(0, call), 'gone');
  });
});
