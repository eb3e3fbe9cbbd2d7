import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { type Bench, discard, freshName, newInstance } from './subject.js';

export function networksContract({ it, describe }: ContractRunner, { subject }: Bench): void {
  describe('networks', () => {
    it('are made, marked, joined while an instance is on them, and removed when none is', async () => {
      const { api, project } = subject();
      const name = freshName().slice(-15);
      const acl = { name: freshName(), description: '', egress: [], ingress: [] };
      const config = { 'ipv4.address': 'none', 'ipv6.address': 'none', 'user.key': 'v' };
      const members = (await api.clusterMembers()).unwrapOr([]);
      for (const { name: target } of members) {
        const told = { name, config: {}, description: 'contract' };
        okOf(await api.createNetwork(project, told, { target }));
        assert.equal(okOf(await api.network(project, name)).status, 'Pending');
      }
      okOf(await api.createNetwork(project, { name, config, description: 'contract' }));
      const twice = await api.createNetwork(project, { name, config, description: '' });
      faultOf(twice, members.length > 0 ? 'server_error' : 'already_exists');
      assert.notEqual(okOf(await api.network(project, name)).status, 'Pending');
      const found = okOf(await api.networks(project)).find((one) => one.name === name);
      assert.deepEqual([found?.managed, found?.config['user.key'], found?.usedBy], [true, 'v', []]);
      assert.equal(found?.description, 'contract');

      const instance = newInstance(subject(), { start: false });
      okOf(await api.createInstance(project, instance));
      const devices = { svc0: { type: 'nic', name: 'svc0', network: name } };
      okOf(await api.patchInstance(project, instance.name, {}, { devices }));
      const { usedBy } = okOf(await api.network(project, name));
      assert.equal(usedBy.length, 1);
      assert.ok(usedBy[0]?.startsWith(`/1.0/instances/${instance.name}`));
      faultOf(await api.deleteNetwork(project, name), 'invalid_request');
      await discard(subject(), instance.name);
      okOf(await api.deleteNetwork(project, name));
      faultOf(await api.deleteNetwork(project, name), 'not_found');
      faultOf(await api.network(project, name), 'not_found');
      okOf(await api.createNetworkAcl(project, acl));
      faultOf(await api.createNetworkAcl(project, acl), 'already_exists');
    });
  });
}
