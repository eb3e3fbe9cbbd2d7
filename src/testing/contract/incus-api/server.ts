import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { type Bench, newInstance } from './subject.js';

export function serverContract({ it, describe }: ContractRunner, { subject }: Bench): void {
  describe('the daemon', () => {
    it('says who it is and what time it has', async () => {
      const server = okOf(await subject().api.server());
      assert.match(server.serverVersion, /^\d+\.\d+/);
      assert.equal(server.auth, 'trusted');
      assert.match(server.certificateFingerprint, /^[0-9a-f]{64}$/);
      assert.ok(server.apiExtensions.includes('instance_create_start'));
      assert.ok(server.hostTimeMs !== null && Math.abs(server.hostTimeMs - Date.now()) < 3_600_000);
    });

    it('finds a project, a profile and a pool, and says not_found of one that is not there', async () => {
      const { api, project, profiles, pool } = subject();
      const [profile = 'default'] = profiles;
      assert.equal(okOf(await api.project(project)).value.name, project);
      assert.equal(okOf(await api.profile(project, profile)).value.name, profile);
      assert.equal(okOf(await api.storagePool(pool)).name, pool);
      faultOf(await api.project('no-such-project'), 'not_found');
      faultOf(await api.profile(project, 'no-such-profile'), 'not_found');
      faultOf(await api.profile('no-such-project', profile), 'not_found');
      faultOf(await api.storagePool('no-such-pool'), 'not_found');
      faultOf(await api.network(project, 'no-such-net'), 'not_found');
    });

    it('says whether it is in a cluster, and what of the members', async () => {
      const { api, project } = subject();
      const { clustered, serverName } = okOf(await api.server());
      assert.notEqual(serverName, '');
      if (!clustered) {
        faultOf(await api.clusterMembers(), 'server_error');
        faultOf(await api.storagePool(subject().pool, { target: 'no-such-member' }), 'not_found');
        return;
      }
      const members = okOf(await api.clusterMembers());
      const own = members.find(({ name }) => name === serverName);
      assert.ok(own?.url.startsWith('https://') && own.status === 'Online');
      for (const { name } of members) {
        const state = okOf(await api.clusterMemberState(name));
        assert.ok(state.totalMemoryBytes >= state.freeMemoryBytes && state.totalMemoryBytes > 0);
        assert.ok(okOf(await api.resources({ target: name })).cpu > 0);
        assert.equal(okOf(await api.storagePool(subject().pool, { target: name })).status, 'Created');
        const wanted = newInstance(subject(), { start: false, target: name });
        okOf(await api.createInstance(project, wanted));
        assert.equal(okOf(await api.instance(project, wanted.name)).value.location, name);
        okOf(await api.deleteInstance(project, wanted.name));
      }
      faultOf(await api.clusterMemberState('no-such-member'), 'not_found');
      const nowhere = newInstance(subject(), { target: 'no-such-member' });
      faultOf(await api.createInstance(project, nowhere), 'not_found');
    });

    it('says what its host has', async () => {
      const { cpu, memoryBytes } = okOf(await subject().api.resources());
      assert.ok(Number.isInteger(cpu) && cpu > 0);
      assert.ok(memoryBytes > 256 * 1024 ** 2);
    });

    it('shows the networks that the devices of a profile are on', async () => {
      const { api, project, profiles } = subject();
      const [profile = 'default'] = profiles;
      for (const { type, network } of Object.values(
        okOf(await api.profile(project, profile)).value.devices,
      )) {
        if (type !== 'nic' || network === undefined) continue;
        const found = okOf(await api.network(project, network));
        assert.deepEqual([found.name, found.managed], [network, true]);
        assert.equal(typeof found.config['ipv4.address'], 'string');
      }
    });

    it('follows an alias to an image', async () => {
      const { api, project, imageAlias } = subject();
      const { fingerprint } = okOf(await api.imageAlias(project, imageAlias));
      const image = okOf(await api.image(project, fingerprint));
      assert.ok(image.aliases.includes(imageAlias));
      assert.ok(okOf(await api.images(project)).some((one) => one.fingerprint === fingerprint));
      faultOf(await api.imageAlias(project, 'no/such/alias'), 'not_found');
      faultOf(await api.image(project, 'f'.repeat(64)), 'not_found');
    });

    it('does nothing for a caller that has given up, or has closed it', async () => {
      const { api, another } = subject();
      faultOf(await api.server({ signal: AbortSignal.abort() }), 'aborted');
      const other = await another();
      okOf(await other.server());
      await other[Symbol.asyncDispose]();
      faultOf(await other.server(), 'closed');
      okOf(await api.server());
    });
  });
}
