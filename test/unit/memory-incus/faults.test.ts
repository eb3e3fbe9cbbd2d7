import { describe, expect, it } from 'vitest';
import { MemoryIncus } from '../../../src/adapters/memory/memory-incus/memory-incus.js';
import type { MemoryProcess } from '../../../src/adapters/memory/memory-incus/memory-process.js';
import type { IncusCreateInstance } from '../../../src/ports/incus-types.js';

const wanted: IncusCreateInstance = {
  name: 'i',
  type: 'container',
  ephemeral: true,
  start: true,
  source: { alias: 'a' },
  config: {},
  devices: {},
};

function incus(options: ConstructorParameters<typeof MemoryIncus>[0] = {}): MemoryIncus {
  const made = new MemoryIncus(options);
  made.world.addImage('default', 'a');
  return made;
}

const stdout = (text: string) => ({ stream: 'stdout', data: Buffer.from(text) }) as const;

describe('an Incus in memory', () => {
  it('leaves a stopped instance behind when its start fails, though it is ephemeral', async () => {
    const api = incus();
    api.faults.failNextStart();
    expect((await api.createInstance('default', wanted))._unsafeUnwrapErr().kind).toBe('operation_failed');
    expect(api.allInstances.map(({ name, status }) => [name, status])).toEqual([['i', 'Stopped']]);
  });

  it('holds a create between making and starting, and is busy meanwhile', async () => {
    const api = incus();
    const held = api.faults.holdNextCreate();
    const stop = new AbortController();
    const creating = api.createInstance('default', wanted, { signal: stop.signal });
    await held.reached;
    expect((await api.deleteInstance('default', 'i'))._unsafeUnwrapErr().kind).toBe('busy');
    stop.abort();
    held.release();
    expect((await creating)._unsafeUnwrapErr().kind).toBe('aborted');
    expect((await api.instance('default', 'i'))._unsafeUnwrap().value.status).toBe('Running');
  });

  it('drops the connection of an exec after as many bytes as it was told', async () => {
    const api = incus();
    (await api.createInstance('default', wanted))._unsafeUnwrap();
    api.faults.dropNextExecAfter(3);
    const exec = (await api.exec('default', 'i', { command: ['echo', 'hello'] }))._unsafeUnwrap();
    const { value } = await exec.output[Symbol.asyncIterator]().next();
    expect(Buffer.from(value.data).toString()).toBe('hel');
    expect((await exec.exit)._unsafeUnwrapErr().kind).toBe('connection_lost');
    const again = (await api.exec('default', 'i', { command: ['echo', 'hello'] }))._unsafeUnwrap();
    expect((await again.exit)._unsafeUnwrap().code).toBe(0);
  });

  it('plays commands as a handler says, which sees files, input and signals', async () => {
    async function* handler(process: MemoryProcess) {
      process.files.write({ path: '/root/mark', content: Buffer.from('here') });
      yield stdout('started\n');
      for await (const data of process.stdin) yield stdout(`got ${Buffer.from(data)}\n`);
      return 100 + (await process.signalled);
    }
    const api = incus({ exec: handler });
    (await api.createInstance('default', wanted))._unsafeUnwrap();
    const exec = (
      await api.exec('default', 'i', { command: ['job'], stdin: Buffer.from('x') })
    )._unsafeUnwrap();
    const seen: string[] = [];
    for await (const { data } of exec.output) {
      seen.push(Buffer.from(data).toString());
      if (seen.length === 2) await exec.sendSignal(15);
    }
    expect(seen).toEqual(['started\n', 'got x\n']);
    expect((await exec.exit)._unsafeUnwrap().code).toBe(115);
    expect((await api.readFile('default', 'i', '/root/mark')).isOk()).toBe(true);
  });

  it('forgets an operation five seconds after its end', async () => {
    let now = 1000;
    const api = incus({ now: () => now });
    const events = (await api.events({ types: ['operation'] }))._unsafeUnwrap();
    (await api.createInstance('default', wanted))._unsafeUnwrap();
    const { value: event } = await events.events[Symbol.asyncIterator]().next();
    const { id } = event.metadata as { id: string };
    expect((await api.waitOperation(id)).isOk()).toBe(true);
    now += 5001;
    expect((await api.waitOperation(id))._unsafeUnwrapErr().kind).toBe('not_found');
  });

  it('breaks the connections of one client and not of another', async () => {
    const api = incus();
    const other = api.anotherConnection();
    (await api.createInstance('default', wanted))._unsafeUnwrap();
    const lost = (await api.exec('default', 'i', { command: ['sleep', '9'] }))._unsafeUnwrap();
    const kept = (await other.exec('default', 'i', { command: ['sleep', '9'] }))._unsafeUnwrap();
    const events = (await api.events())._unsafeUnwrap();
    api.dropConnections();
    expect((await lost.exit)._unsafeUnwrapErr().kind).toBe('connection_lost');
    expect((await events.closed)?.kind).toBe('connection_lost');
    await kept.sendSignal(15);
    expect((await kept.exit)._unsafeUnwrap().code).toBe(143);
  });

  it('refuses in a restricted project what Incus does', async () => {
    const api = incus();
    api.world.addProject('r', {
      restricted: 'true',
      'restricted.devices.disk': 'allow',
      'restricted.devices.disk.paths': '/srv',
    });
    api.world.addImage('r', 'a');
    const disk = (source: string, more = {}) => ({
      ...wanted,
      devices: { d: { type: 'disk', source, path: '/d', ...more } },
    });
    for (const refused of [
      disk('/etc'),
      disk('/srv/../etc'),
      disk('/srv/a', { shift: 'true' }),
      { ...wanted, config: { 'security.nesting': 'true' } },
    ]) {
      expect((await api.createInstance('r', refused))._unsafeUnwrapErr().kind).toBe('invalid_request');
    }
    expect((await api.createInstance('r', disk('/srv/a'))).isOk()).toBe(true);
  });

  it('fails the next call of a name with the fault that was planted', async () => {
    const api = incus();
    api.faults.failNext('server', 'unreachable');
    expect((await api.server())._unsafeUnwrapErr().kind).toBe('unreachable');
    expect((await api.server()).isOk()).toBe(true);
  });
});
