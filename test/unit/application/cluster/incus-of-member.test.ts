import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { memoryMember } from '../../../../src/adapters/memory/memory-incus/memory-cluster.js';
import { MemoryIncus } from '../../../../src/adapters/memory/memory-incus/memory-incus.js';
import { MemoryShell } from '../../../../src/adapters/memory/memory-shell.js';
import { createClusterNetwork } from '../../../../src/application/cluster/create-cluster-network.js';
import { HostMember } from '../../../../src/application/cluster/host-member.js';
import { incusOfMember } from '../../../../src/application/cluster/incus-of-member.js';
import { overlay } from '../../../../src/application/cluster/overlay.js';
import type { IncusApi, IncusCreateInstance } from '../../../../src/index.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const NEW: IncusCreateInstance = {
  name: 'made-here',
  type: 'container',
  ephemeral: true,
  start: false,
  source: 'none',
  config: {},
  devices: {},
};

/** A host whose daemon is in a cluster of m1 and m2, or in none. `addresses` are those of the host, of which its daemon is asked from elsewhere. */
function host({
  answering = 'm1',
  addresses = '',
  isOwnDaemon = true,
  configured = null as string | null,
} = {}) {
  const real = new MemoryIncus();
  if (answering !== '') {
    const members = ['m1', 'm2'].map((name) => [name, memoryMember(name)] as const);
    real.world.cluster = { answering, members: new Map(members) };
  }
  let asked = 0;
  const incus = overlay<IncusApi>(real, {
    server: (options) => {
      asked += 1;
      return real.server(options);
    },
  });
  const shell = new MemoryShell('h').handle(({ command, write }) => {
    if (command.argv[0] !== 'hostname') return undefined;
    write('stdout', `${addresses}\n`);
    return 0;
  });
  const member = new HostMember({ incus, shell, configured, isOwnDaemon });
  return { real, seen: incusOfMember(incus, member), asked: () => asked };
}

async function whereMade({ seen, real }: ReturnType<typeof host>): Promise<string> {
  must(await seen.createInstance('default', NEW));
  return must(await real.instance('default', NEW.name)).value.location;
}

describe('incusOfMember', () => {
  it('makes machines on the member that the host is, also where another has fewer of them', async () => {
    for (const answering of ['m1', 'm2']) {
      const at = host({ answering });
      must(await at.real.createInstance('default', { ...NEW, name: 'other', target: answering }));
      expect(await whereMade(at)).toBe(answering);
    }
  });

  it('asks a daemon in no cluster nothing but what it is, once, and not where that is known', async () => {
    const at = host({ answering: '' });
    must(await at.seen.server());
    expect(await whereMade(at)).toBe('none');
    must(await at.seen.createInstance('default', { ...NEW, name: 'another' }));
    expect(must(await at.seen.instances('default'))).toHaveLength(2);
    expect(at.asked()).toBe(1);
  });

  it('shows what the host has, and not what the other members have', async () => {
    const { seen, real } = host();
    for (const target of ['m1', 'm2']) {
      must(await real.createInstance('default', { ...NEW, name: `on-${target}`, target }));
      must(
        await real.createVolume('default', { pool: 'default', name: `v-${target}`, config: {} }, { target }),
      );
    }
    const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
    expect(names(must(await seen.instances('default')))).toEqual(['on-m1']);
    expect(names(must(await seen.instancesOfAllProjects()))).toEqual(['on-m1']);
    expect(names(must(await seen.volumes('default', 'default')))).toEqual(['v-m1']);
  });

  it('finds the member of a host by its address where its daemon answers for all', async () => {
    const at = host({ answering: 'm1', isOwnDaemon: false, addresses: '127.0.0.2 m2.example fe80::1' });
    expect(await whereMade(at)).toBe('m2');
  });

  it('makes nothing where it cannot tell which member the host is, and says what to do', async () => {
    const { seen, real } = host({ isOwnDaemon: false, addresses: '192.0.2.7' });
    const { message } = mustFail(await seen.createInstance('default', NEW), 'invalid_request');
    expect(message).toMatch(/m1 at m1\.example, m2 at m2\.example.*"incus": \{"cluster": \{"member": …\}\}/);
    expect(must(await real.instances('default'))).toEqual([]);
    expect(await whereMade(host({ isOwnDaemon: false, configured: 'm2' }))).toBe('m2');
  });

  it('makes a network on all members, of which nothing is left where that fails, and none while one is offline', async () => {
    const network = { name: 'n', config: { 'user.key': 'v' }, description: 'd' };
    const { seen, real } = host();
    must(await seen.createNetwork('default', network));
    const made = must(await real.networks('default')).find(({ name }) => name === 'n');
    expect(made).toMatchObject({ config: network.config, description: 'd' });
    expect(made?.status).not.toBe('Pending');
    must(await real.deleteNetwork('default', 'n'));
    for (const call of [2, 3]) {
      const at = host();
      let calls = 0;
      const broken = overlay<IncusApi>(at.real, {
        createNetwork: (...parts) => {
          calls += 1;
          if (calls !== call) return at.real.createNetwork(...parts);
          const message = 'peer node is down';
          return Promise.resolve(err({ kind: 'server_error', host: 'h', tried: '', status: 500, message }));
        },
      });
      mustFail(await createClusterNetwork(broken, 'default', network), 'server_error');
      expect(must(await at.real.networks('default')).map(({ name }) => name)).not.toContain('n');
    }
    real.world.cluster?.members.set('m2', memoryMember('m2', { status: 'Offline' }));
    const { message } = mustFail(await seen.createNetwork('default', network), 'invalid_request');
    expect(message).toMatch(/m2 is offline.*serviceNetworks/);
    must(await host({ answering: '' }).seen.createNetwork('default', network));
  });

  it('lets a machine be stopped and not moved when its member is evacuated, unless it says otherwise', async () => {
    const evacuated = async (at: ReturnType<typeof host>, config = {}) => {
      must(await at.seen.createInstance('default', { ...NEW, config }));
      return must(await at.real.instance('default', NEW.name)).value.config['cluster.evacuate'];
    };
    expect(await evacuated(host())).toBe('stop');
    expect(await evacuated(host(), { 'cluster.evacuate': 'migrate' })).toBe('migrate');
    expect(await evacuated(host({ answering: '' }))).toBeUndefined();
  });
});
