import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createPikaci } from '../../../src/composition/create-pikaci.js';
import { must } from '../../../src/testing/contract/expect-result.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

/** Accepts every connection and says nothing. */
async function silentHost() {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {}).resume();
    sockets.push(socket);
    server.emit('accepted');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    sockets,
    accepted: () => (sockets.length > 0 ? Promise.resolve() : once(server, 'accepted')),
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

async function pikaciOn(port: number, directory: string, connectTimeoutSecs: number) {
  await writeFile(join(directory, 'tree.txt'), 'a workspace\n');
  const host = { ssh: `nobody@127.0.0.1:${port}`, agent: false, sshConfigFile: false } as const;
  return must(
    createPikaci(
      { host: { ...host, connectTimeoutSecs, knownHostsFile: 'known_hosts' }, stateRoot: 'state' },
      { baseDir: directory },
    ),
  );
}

const job = { id: 'job', command: 'true' };

describe('a host that accepts and says nothing', () => {
  it('is unreachable after one attempt, and nothing is cleaned up there', async () => {
    await using directory = await temporaryDirectory();
    await using host = await silentHost();
    await using pikaci = await pikaciOn(host.port, directory.path, 0.3);
    const ran = await pikaci.runJob({ job, workspace: directory.path });
    expect(ran._unsafeUnwrapErr()).toMatchObject({ kind: 'host', cause: { kind: 'unreachable' } });
    const opened = await pikaci.openMachine({});
    expect(opened._unsafeUnwrapErr()).toMatchObject({ kind: 'host', cause: { kind: 'unreachable' } });
    expect(host.sockets).toHaveLength(2);
  });

  it.each(['runJob', 'runTarget', 'openMachine', 'reap', 'doctor'] as const)(
    'lets go of it at once when %s is cancelled',
    async (call) => {
      await using directory = await temporaryDirectory();
      await using host = await silentHost();
      await using pikaci = await pikaciOn(host.port, directory.path, 600);
      const stop = new AbortController();
      const { signal } = stop;
      const workspace = directory.path;
      const calls = {
        runJob: () => pikaci.runJob({ job, workspace, signal }),
        runTarget: () => pikaci.runTarget({ target: 'one', definition: { jobs: [job] }, workspace, signal }),
        openMachine: () => pikaci.openMachine({ signal }),
        reap: () => pikaci.reap({ signal }),
        doctor: () => pikaci.doctor({ signal }),
      };
      const ended = calls[call]();
      await host.accepted();
      stop.abort();
      const end = await ended;
      if (call === 'doctor') expect(end).toMatchObject({ ok: false });
      else if (call === 'runTarget')
        expect(end).toMatchObject({ value: { record: { status: 'cancelled' } } });
      else expect(end).toMatchObject({ error: { kind: 'cancelled' } });
      await pikaci.close();
      const [socket] = host.sockets;
      if (socket?.closed === false) await once(socket, 'close');
      expect(host.sockets).toHaveLength(1);
    },
  );
});
