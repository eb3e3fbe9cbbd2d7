import { describe, expect, it } from 'vitest';
import { failed, fakeDaemon, operation, reply, started, sync } from '../../support/fake-daemon.js';

const instance = {
  name: 'i',
  type: 'container',
  ephemeral: true,
  start: true,
  source: { alias: 'a' },
  config: {},
  devices: {},
} as const;

/** A daemon that starts an operation for everything, and answers its wait so. */
async function waiting(status: number, body: unknown) {
  return fakeDaemon((request, response) => {
    if (request.url?.includes('/wait')) reply(response, status, body);
    else if (request.method === 'GET') reply(response, 404, failed(404, 'Instance not found'));
    else reply(response, 202, started('op'));
  });
}

describe('waiting for an operation', () => {
  it.each([
    ['6.0.4', failed(500, 'exit status 1'), 'operation_failed'],
    [
      '6.0.5',
      sync(operation({ status: 'Failure', status_code: 400, err: 'exit status 1' })),
      'operation_failed',
    ],
    ['6.0.4', failed(500, 'context deadline exceeded'), 'timed_out'],
    ['6.0.5', sync(operation({ status: 'Running', status_code: 103 })), 'timed_out'],
    ['6.0.5', sync(operation({ status: 'Cancelled', status_code: 401 })), 'operation_failed'],
    ['6.0.4', failed(404, 'Storage volume not found'), 'operation_failed'],
    ['6.0.4', failed(500, 'Instance is busy running a "stop" operation'), 'busy'],
    ['6.0.4', { type: 'sync', metadata: { id: 1 } }, 'unexpected_answer'],
  ])('reads what %s says: %j is %s', async (_version, body, kind) => {
    await using daemon = await waiting(200, body);
    const fault = (await daemon.api.deleteInstance('p', 'i'))._unsafeUnwrapErr();
    expect(fault).toMatchObject({ kind, tried: 'DELETE /1.0/instances/i?project=p' });
  });

  it('asks for the end at once, with a bound of its own', async () => {
    await using daemon = await waiting(200, sync(operation({})));
    (await daemon.api.createInstance('p', instance, { timeoutMs: 4000 }))._unsafeUnwrap();
    expect(daemon.asked).toEqual(['POST /1.0/instances?project=p', 'GET /1.0/operations/op/wait?timeout=5']);
  });

  it('is timed_out when the daemon says nothing at all', async () => {
    await using daemon = await fakeDaemon((request, response) => {
      if (request.method === 'POST') reply(response, 202, started('op'));
      else response.writeHead(200).flushHeaders();
    });
    const fault = (await daemon.api.createInstance('p', instance, { timeoutMs: 40 }))._unsafeUnwrapErr();
    expect(fault.kind).toBe('timed_out');
  });

  it('looks at what became of it when the operation has vanished', async () => {
    await using daemon = await waiting(404, failed(404, 'Operation not found'));
    (await daemon.api.deleteInstance('p', 'i'))._unsafeUnwrap();
    const create = await daemon.api.createInstance('p', instance);
    expect(create._unsafeUnwrapErr()).toMatchObject({ kind: 'operation_failed' });
    expect((await daemon.api.waitOperation('op'))._unsafeUnwrapErr().kind).toBe('not_found');
  });

  it('answers an abort of a create only when the create has settled', async () => {
    const stop = new AbortController();
    let settle: () => void = () => undefined;
    await using daemon = await fakeDaemon((request, response) => {
      if (request.method === 'POST') return reply(response, 202, started('op'));
      settle = () => reply(response, 200, sync(operation({})));
      stop.abort();
      setImmediate(() => {
        expect(answered).toBe(false);
        settle();
      });
    });
    let answered = false;
    const created = await daemon.api.createInstance('p', instance, { signal: stop.signal }).finally(() => {
      answered = true;
    });
    expect(created._unsafeUnwrapErr().kind).toBe('aborted');
  });
});
