import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import {
  type FakeDaemon,
  failed,
  fakeDaemon,
  operation,
  reply,
  started,
  sync,
} from '../../support/fake-daemon.js';

const fds = { '0': 's0', '1': 's1', '2': 's2', control: 'sc' };

/** A daemon that starts a command, takes its sockets, and tells the result when the test says so. */
async function execDaemon(): Promise<{
  daemon: FakeDaemon;
  sockets: Map<string, WebSocket>;
  result: (body: unknown) => void;
}> {
  const sockets = new Map<string, WebSocket>();
  let result: (body: unknown) => void = () => undefined;
  const told = new Promise<unknown>((resolve) => {
    result = resolve;
  });
  const daemon = await fakeDaemon((request, response) => {
    if (request.method === 'POST') reply(response, 202, started('op', { metadata: { fds } }));
    else if (request.url?.includes('/wait')) void told.then((body) => reply(response, 200, body));
    else reply(response, 200, sync(operation({ metadata: { return: 127 } })));
  });
  daemon.onSocket = (secret, socket) => void sockets.set(secret, socket);
  return { daemon, sockets, result };
}

const exited = (code: number): unknown => sync(operation({ metadata: { return: code } }));

async function text(output: AsyncIterable<{ readonly data: Uint8Array }>): Promise<string> {
  const pieces: Uint8Array[] = [];
  for await (const { data } of output) pieces.push(data);
  return Buffer.concat(pieces).toString('utf8');
}

describe('a command over its sockets', () => {
  let open: FakeDaemon | undefined;
  afterEach(() => open?.[Symbol.asyncDispose]());

  async function running() {
    const all = await execDaemon();
    open = all.daemon;
    const exec = (await all.daemon.api.exec('p', 'i', { command: ['x'] }))._unsafeUnwrap();
    const socket = (secret: string): WebSocket => {
      const found = all.sockets.get(secret);
      if (!found) throw new Error(`no socket for ${secret}`);
      return found;
    };
    const end = (...secrets: string[]): void => {
      for (const secret of secrets) {
        socket(secret).send('');
        socket(secret).terminate();
      }
    };
    return { ...all, exec, socket, end };
  }

  it('ends with its exit code when both outputs have their end mark, though no socket says goodbye', async () => {
    const { exec, socket, end, result } = await running();
    socket('s1').send(Buffer.from('out'));
    end('s1', 's2', 's0', 'sc');
    result(exited(3));
    expect(await text(exec.output)).toBe('out');
    expect((await exec.exit)._unsafeUnwrap()).toEqual({ code: 3, signal: null });
  });

  it('has lost its connection when an output ends without the mark, whatever the exit code', async () => {
    const { exec, socket, end, result } = await running();
    socket('s1').send(Buffer.from('half'));
    end('s2');
    socket('s1').terminate();
    result(exited(0));
    expect(await text(exec.output)).toBe('half');
    expect((await exec.exit)._unsafeUnwrapErr()).toMatchObject({ kind: 'connection_lost', host: 'fake' });
  });

  it('has lost its connection when an output breaks and no result comes to explain it', async () => {
    const { exec, socket } = await running();
    socket('s1').terminate();
    expect((await exec.exit)._unsafeUnwrapErr().kind).toBe('connection_lost');
  });

  it('was not found when the daemon says so, though its outputs have no end mark', async () => {
    const { exec, socket, result } = await running();
    for (const secret of ['s0', 's1', 's2', 'sc']) socket(secret).terminate();
    result(failed(500, 'Command not found'));
    expect((await exec.exit)._unsafeUnwrap().code).toBe(127);
  });

  it('failed when its operation did, with the reason', async () => {
    const { exec, socket, result, daemon } = await running();
    daemon.answer = (_request, response) => reply(response, 404, failed(404, 'Operation not found'));
    socket('s1').terminate();
    result(failed(500, 'Timed out waiting for websockets to connect'));
    expect((await exec.exit)._unsafeUnwrapErr()).toMatchObject({
      kind: 'operation_failed',
      message: 'Timed out waiting for websockets to connect',
    });
  });

  it('holds the daemon back while the reader does not read, and then gives every byte', async () => {
    const { exec, socket, end, result, daemon } = await running();
    const held = Promise.race(daemon.streams.map((stream) => once(stream, 'pause')));
    const piece = Buffer.alloc(128 * 1024, 1);
    const pieces = 400;
    for (let sent = 0; sent < pieces; sent += 1) socket('s1').send(piece);
    await held;
    expect(socket('s1').bufferedAmount).toBeGreaterThan(20 * 1024 * 1024);
    socket('s1').send('');
    end('s2');
    result(exited(0));
    let size = 0;
    for await (const { data } of exec.output) {
      size += data.length;
      // Every piece goes by the way of the event loop, as it would with a reader that writes it to a disk.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(size).toBe(pieces * piece.length);
    expect((await exec.exit).isOk()).toBe(true);
  });

  it('gets its input with an empty text frame at the end', async () => {
    const { daemon } = await execDaemon();
    open = daemon;
    const frames: (string | null)[] = [];
    const seen = new Promise<void>((resolve) => {
      daemon.onSocket = (secret, socket) => {
        if (secret !== 's0') return;
        socket.on('message', (data: Buffer, binary: boolean) => {
          frames.push(binary ? data.toString() : null);
          if (!binary) resolve();
        });
      };
    });
    await using exec = (
      await daemon.api.exec('p', 'i', { command: ['x'], stdin: Buffer.from('in') })
    )._unsafeUnwrap();
    await seen;
    expect(frames).toEqual(['in', null]);
    expect(exec.output).toBeDefined();
  });
});

describe('a command that cannot start', () => {
  it('is given up at once while its sockets still shake hands', async () => {
    const stop = new AbortController();
    await using daemon = await fakeDaemon((request, response) => {
      if (request.method === 'POST') reply(response, 202, started('op', { metadata: { fds } }));
    });
    daemon.onUpgrade = () => stop.abort();
    const fault = (
      await daemon.api.exec('p', 'i', { command: ['x'] }, { signal: stop.signal })
    )._unsafeUnwrapErr();
    expect(fault.kind).toBe('aborted');
  });

  it('is denied when the daemon refuses its sockets', async () => {
    const { daemon } = await execDaemon();
    await using _ = daemon;
    daemon.onSocket = null;
    expect((await daemon.api.exec('p', 'i', { command: ['x'] }))._unsafeUnwrapErr()).toMatchObject({
      kind: 'permission_denied',
      status: 403,
    });
  });

  it.each([404, 400])(
    'has lost its connection when its operation has no such socket any more (%s): it may have run',
    async (status) => {
      await using daemon = await fakeDaemon((request, response) => {
        if (request.method === 'POST') reply(response, 202, started('op', { metadata: { fds } }));
        else if (!request.url?.includes('/wait')) reply(response, 404, failed(404, 'Operation not found'));
      });
      daemon.onUpgrade = (stream) => void stream.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
      const fault = (await daemon.api.exec('p', 'i', { command: ['x'] }))._unsafeUnwrapErr();
      expect(fault).toMatchObject({ kind: 'connection_lost', status });
    },
  );

  it('has lost its connection when its operation has disappeared, and its result with it', async () => {
    await using daemon = await fakeDaemon((request, response) => {
      if (request.method === 'POST') reply(response, 202, started('op', { metadata: { fds } }));
      else reply(response, 404, failed(404, 'Operation not found'));
    });
    daemon.onSocket = () => undefined;
    const exec = await daemon.api.exec('p', 'i', { command: ['x'] });
    // It may be known before the sockets are open.
    const exit = exec.isErr() ? exec : await exec.value.exit;
    expect(exit._unsafeUnwrapErr()).toMatchObject({
      kind: 'connection_lost',
      message: 'the operation disappeared, and its exit code is unknown',
    });
  });

  it('is an unexpected answer when a socket has no secret', async () => {
    await using daemon = await fakeDaemon((_request, response) =>
      reply(response, 202, started('op', { metadata: { fds: { '0': 'a', '1': 'b', '2': 'c' } } })),
    );
    const fault = (await daemon.api.exec('p', 'i', { command: ['x'] }))._unsafeUnwrapErr();
    expect(fault).toMatchObject({
      kind: 'unexpected_answer',
      message: 'metadata.metadata.fds.control: missing',
    });
  });
});
