import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { type Bench, discard, newInstance } from './subject.js';

export function updatesContract(
  { it, describe, beforeAll, afterAll }: ContractRunner,
  { subject }: Bench,
): void {
  describe("an instance's config", () => {
    let name = '';
    beforeAll(async () => {
      const wanted = newInstance(subject(), { start: false, ephemeral: false, config: { 'user.a': '1' } });
      name = wanted.name;
      okOf(await subject().api.createInstance(subject().project, wanted));
    }, 60_000);
    afterAll(() => discard(subject(), name), 60_000);

    it('is merged by a patch, which removes a key with null', async () => {
      const { api, project } = subject();
      okOf(await api.patchInstance(project, name, { 'user.b': '2' }));
      okOf(await api.patchInstance(project, name, { 'user.a': null }));
      const { config } = okOf(await api.instance(project, name)).value;
      assert.equal(config['user.a'], undefined);
      assert.equal(config['user.b'], '2');
    });

    it('is a lease: of two that renew with one etag, one wins and the other is stale', async () => {
      const { api, project } = subject();
      const { etag } = okOf(await api.instance(project, name));
      okOf(await api.patchInstance(project, name, { 'user.lease': 'mine' }, { etag }));
      faultOf(await api.patchInstance(project, name, { 'user.lease': 'theirs' }, { etag }), 'stale');
      assert.equal(okOf(await api.instance(project, name)).value.config['user.lease'], 'mine');
    });

    it('is found by a filter on a user key', async () => {
      const { api, project } = subject();
      okOf(await api.patchInstance(project, name, { 'user.run': name }));
      const found = okOf(await api.instances(project, { filter: `config.user.run eq ${name}` }));
      assert.deepEqual(
        found.map((one) => one.name),
        [name],
      );
      assert.deepEqual(okOf(await api.instances(project, { filter: 'config.user.run eq nobody' })), []);
      assert.ok(okOf(await api.instances(project)).some((one) => one.name === name));
    });

    it('is replaced by a put, devices and all, unless the etag is stale', async () => {
      const { api, project } = subject();
      const before = okOf(await api.instance(project, name));
      const devices = { tmp: { type: 'disk', source: '/tmp', path: '/mnt/tmp' } };
      okOf(await api.putInstance(project, name, { ...before.value, devices }, { etag: before.etag }));
      const after = okOf(await api.instance(project, name));
      assert.equal(after.value.devices['tmp']?.['path'], '/mnt/tmp');
      faultOf(await api.putInstance(project, name, before.value, { etag: before.etag }), 'stale');
      okOf(await api.putInstance(project, name, { ...after.value, devices: {} }, { etag: after.etag }));
      assert.deepEqual(okOf(await api.instance(project, name)).value.devices, {});
    });

    it('is not there for an instance that is not there', async () => {
      const { api, project } = subject();
      faultOf(await api.patchInstance(project, 'no-such-instance', {}), 'not_found');
      faultOf(await api.instance(project, 'no-such-instance'), 'not_found');
      faultOf(await api.instanceState(project, 'no-such-instance'), 'not_found');
    });
  });
}
