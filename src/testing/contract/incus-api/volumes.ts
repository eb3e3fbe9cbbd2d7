import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { type Bench, discard, freshName, newInstance } from './subject.js';

export function volumesContract({ it, describe }: ContractRunner, { subject }: Bench): void {
  describe('custom volumes', () => {
    it('are made, found, and deleted', async () => {
      const { api, project, pool } = subject();
      const name = freshName();
      okOf(await api.createVolume(project, { pool, name, config: { 'user.key': 'v' } }));
      faultOf(await api.createVolume(project, { pool, name, config: {} }), 'already_exists');
      const { value } = okOf(await api.volume(project, pool, name));
      assert.deepEqual([value.name, value.contentType, value.config['user.key']], [name, 'filesystem', 'v']);
      assert.ok(okOf(await api.volumes(project, pool)).some((one) => one.name === name));
      okOf(await api.deleteVolume(project, pool, name));
      faultOf(await api.volume(project, pool, name), 'not_found');
      faultOf(await api.deleteVolume(project, pool, name), 'not_found');
      faultOf(await api.createVolume(project, { pool: 'no-such-pool', name, config: {} }), 'not_found');
    });

    it('are copied from a snapshot, with the config that is sent and no other', async () => {
      const { api, project, pool } = subject();
      const [name, copy] = [freshName(), freshName()];
      okOf(await api.createVolume(project, { pool, name, config: { 'user.key': 'v' } }));
      okOf(await api.snapshotVolume(project, pool, name, 'snap'));
      assert.ok(okOf(await api.volume(project, pool, `${name}/snap`)));
      const copyOf = { name: `${name}/snap` };
      okOf(await api.createVolume(project, { pool, name: copy, config: { 'user.other': 'w' }, copyOf }));
      const { config } = okOf(await api.volume(project, pool, copy)).value;
      assert.deepEqual([config['user.key'], config['user.other']], [undefined, 'w']);
      okOf(await api.deleteVolume(project, pool, copy));
      okOf(await api.deleteVolume(project, pool, `${name}/snap`));
      faultOf(await api.volume(project, pool, `${name}/snap`), 'not_found');
      okOf(await api.deleteVolume(project, pool, name));
    });

    it('have a config that is merged by a patch: of two with one etag, one wins and the other is stale', async () => {
      const { api, project, pool } = subject();
      const name = freshName();
      const config = { 'user.a': '1', 'user.b': '2' };
      okOf(await api.createVolume(project, { pool, name, config }));
      const { etag } = okOf(await api.volume(project, pool, name));
      okOf(await api.patchVolume(project, pool, name, { 'user.a': null, 'user.c': '3' }, { etag }));
      faultOf(await api.patchVolume(project, pool, name, { 'user.c': '4' }, { etag }), 'stale');
      const after = okOf(await api.volume(project, pool, name)).value.config;
      assert.deepEqual([after['user.a'], after['user.b'], after['user.c']], [undefined, '2', '3']);
      okOf(await api.deleteVolume(project, pool, name));
      faultOf(await api.patchVolume(project, pool, name, { 'user.c': '4' }), 'not_found');
    });

    it('are copied while an instance uses them', async () => {
      const { api, project, pool } = subject();
      const [name, copy] = [freshName(), freshName()];
      okOf(await api.createVolume(project, { pool, name, config: {} }));
      const devices = { cache: { type: 'disk', pool, source: name, path: '/cache' } };
      const wanted = newInstance(subject(), { devices });
      okOf(await api.createInstance(project, wanted));
      okOf(await api.createVolume(project, { pool, name: copy, config: {}, copyOf: { name } }));
      faultOf(await api.createVolume(project, { pool, name: copy, config: {} }), 'already_exists');
      assert.deepEqual(okOf(await api.volume(project, pool, copy)).value.usedBy, []);
      await discard(subject(), wanted.name);
      okOf(await api.deleteVolume(project, pool, copy));
      okOf(await api.deleteVolume(project, pool, name));
    });

    it('are not deleted while an instance uses them', async () => {
      const { api, project, pool } = subject();
      const volume = freshName();
      okOf(await api.createVolume(project, { pool, name: volume, config: {} }));
      const devices = { cache: { type: 'disk', pool, source: volume, path: '/cache' } };
      const wanted = newInstance(subject(), { start: false, devices });
      okOf(await api.createInstance(project, wanted));
      assert.equal(okOf(await api.volume(project, pool, volume)).value.usedBy.length, 1);
      faultOf(await api.deleteVolume(project, pool, volume), 'invalid_request');
      await discard(subject(), wanted.name);
      okOf(await api.deleteVolume(project, pool, volume));
    });
  });
}
