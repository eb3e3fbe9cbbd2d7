import { once } from 'node:events';
import { type Duplex, PassThrough } from 'node:stream';
import { err, ok, type Result } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { RestIncusApi } from '../../../src/adapters/incus/rest-incus-api.js';
import type { ShellFault } from '../../../src/ports/remote-shell.js';
import { failed, fakeDaemon, reply, sync } from '../../support/fake-daemon.js';

async function faultOf(status: number, body: unknown) {
  await using daemon = await fakeDaemon((_request, response) => reply(response, status, body));
  return (await daemon.api.project('p'))._unsafeUnwrapErr();
}

describe('what the daemon answers', () => {
  it('is unexpected when it is not JSON', async () => {
    expect(await faultOf(200, '{"type": "sy')).toMatchObject({ kind: 'unexpected_answer', host: 'fake' });
  });

  it('is unexpected when a value has another shape, and the path of the value is told', async () => {
    const fault = await faultOf(200, sync({ name: 'p', config: { a: 1 } }));
    expect(fault).toMatchObject({ kind: 'unexpected_answer', tried: 'GET /1.0/projects/p' });
    expect(fault.message).toMatch(/^metadata\.config\.a: /);
  });

  it.each(['/1.0/operations/%zz', '/1.0/operations/%', '/1.0/operations/', '/1.0/elsewhere/x'])(
    'is unexpected when an operation is %s',
    async (operation) => {
      await using daemon = await fakeDaemon((_request, response) =>
        reply(response, 202, { type: 'async', operation, metadata: { metadata: { fds: {} } } }),
      );
      const calls = [
        await daemon.api.deleteInstance('p', 'one'),
        await daemon.api.exec('p', 'one', { command: ['true'] }),
      ];
      for (const call of calls)
        expect(call._unsafeUnwrapErr()).toMatchObject({
          kind: 'unexpected_answer',
          message: 'operation: not the path of an operation',
        });
    },
  );

  it('may name a thing by half of a surrogate pair: it is asked for, and not found', async () => {
    await using daemon = await fakeDaemon((_request, response) => reply(response, 404, failed(404, 'none')));
    const gone = await daemon.api.deleteInstance('p', '\ud800');
    expect(gone._unsafeUnwrapErr()).toMatchObject({ kind: 'not_found' });
  });

  it('is unexpected when the envelope is of no known type', async () => {
    expect((await faultOf(200, { type: 'other' })).message).toMatch(/^type: /);
  });

  it.each([
    [400, 'Bad', 'invalid_request'],
    [401, 'No', 'permission_denied'],
    [403, 'Forbidden', 'permission_denied'],
    [404, 'Project not found', 'not_found'],
    [409, 'Taken', 'already_exists'],
    [412, "ETag doesn't match", 'stale'],
    [500, 'UNIQUE constraint failed: instances.project_id, instances.name', 'already_exists'],
    [500, 'Volume by that name already exists', 'already_exists'],
    [500, 'Instance is busy running a "stop" operation', 'busy'],
    [500, 'Failed checking if instance creation allowed: Disk devices are forbidden', 'invalid_request'],
    [500, 'Use of low-level config "raw.lxc" is forbidden', 'invalid_request'],
    [500, 'User does not have permissions for project "default"', 'permission_denied'],
    [503, 'Shutting down', 'server_error'],
  ])('with status %i and the text "%s" is %s', async (status, text, kind) => {
    expect(await faultOf(status, failed(status, text))).toMatchObject({ kind, status, message: text });
  });

  it('counts by its status when something before the daemon answered in another language', async () => {
    expect(await faultOf(403, '<html>no</html>')).toMatchObject({ kind: 'permission_denied', status: 403 });
  });
});

describe('a connection', () => {
  it('that breaks in the middle of an answer is lost, and the answer is not taken for a whole one', async () => {
    await using daemon = await fakeDaemon((_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"type":"sync"', () => response.destroy());
    });
    expect((await daemon.api.project('p'))._unsafeUnwrapErr().kind).toBe('connection_lost');
  });

  it('that brings no answer within the bound is timed_out', async () => {
    await using daemon = await fakeDaemon(() => undefined, { requestTimeoutMs: 30 });
    expect((await daemon.api.project('p'))._unsafeUnwrapErr().kind).toBe('timed_out');
  });

  it('is given up when the caller says so, and when the owner closes the API', async () => {
    const stop = new AbortController();
    await using daemon = await fakeDaemon(() => stop.abort());
    expect((await daemon.api.project('p', { signal: stop.signal }))._unsafeUnwrapErr().kind).toBe('aborted');
    daemon.answer = () => void daemon.api[Symbol.asyncDispose]();
    expect((await daemon.api.project('p'))._unsafeUnwrapErr().kind).toBe('closed');
  });

  it('is used again for the next call', async () => {
    const ports = new Set<unknown>();
    await using daemon = await fakeDaemon((request, response) => {
      ports.add(request.socket);
      reply(response, 200, sync({ name: 'p', config: null }));
    });
    for (let call = 0; call < 3; call += 1) (await daemon.api.project('p'))._unsafeUnwrap();
    expect(ports.size).toBe(1);
  });

  it('that was kept and is hung up on by the daemon costs a reading call nothing', async () => {
    await using daemon = await fakeDaemon((_request, response) =>
      reply(response, 200, sync({ name: 'p', config: {} })),
    );
    (await daemon.api.project('p'))._unsafeUnwrap();
    let hungUp = false;
    daemon.answer = (request, response) => {
      if (hungUp) return reply(response, 200, sync({ name: 'p', config: {} }));
      hungUp = true;
      request.socket.destroy();
    };
    (await daemon.api.project('p'))._unsafeUnwrap();
    expect(daemon.asked).toHaveLength(3);
  });

  it('that cannot be opened is unreachable, or denied when the system says so', async () => {
    const at = (message: string) => refusingApi(message).server();
    expect((await at('connect ECONNREFUSED'))._unsafeUnwrapErr()).toMatchObject({
      kind: 'unreachable',
      host: 'h',
    });
    expect((await at('connect EACCES /x'))._unsafeUnwrapErr().kind).toBe('permission_denied');
  });

  it('whose request was given up before it opened is closed, because a silent one would hold up the daemon', async () => {
    const stop = new AbortController();
    const stream = new PassThrough();
    let open: () => void = () => undefined;
    const dial = () => {
      stop.abort();
      return new Promise<Result<Duplex, ShellFault>>((resolve) => {
        open = () => resolve(ok(stream));
      });
    };
    await using api = new RestIncusApi({ dialer: { endpoint: 'e', dial }, host: 'h' });
    expect((await api.server({ signal: stop.signal }))._unsafeUnwrapErr().kind).toBe('aborted');
    const closed = once(stream, 'close');
    open();
    await closed;
  });
});

function refusingApi(message: string): RestIncusApi {
  const dial = async () => err({ kind: 'unreachable', host: 'e', tried: 'dial', message } as const);
  return new RestIncusApi({ dialer: { endpoint: 'e', dial }, host: 'h' });
}
