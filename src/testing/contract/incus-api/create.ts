import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { type Bench, discard, freshName, newInstance } from './subject.js';

export function createContract({ it, describe }: ContractRunner, { subject }: Bench): void {
  describe('creating an instance', () => {
    it('creates and starts with one call, with its config and profiles', async () => {
      const { api, project } = subject();
      const wanted = newInstance(subject(), { config: { 'user.pikaci.run': 'r1' } });
      okOf(await api.createInstance(project, wanted));
      const { value } = okOf(await api.instance(project, wanted.name));
      assert.equal(value.status, 'Running');
      assert.equal(value.ephemeral, true);
      assert.equal(value.config['user.pikaci.run'], 'r1');
      assert.deepEqual(value.profiles, wanted.profiles);
      const { clustered } = okOf(await api.server());
      assert.equal(value.location !== 'none', clustered);
      assert.ok(okOf(await api.instanceState(project, wanted.name)).pid > 0);
      await discard(subject(), wanted.name);
    });

    it('creates without starting when that is asked for', async () => {
      const { api, project, imageAlias } = subject();
      const source = okOf(await api.imageAlias(project, imageAlias));
      const wanted = newInstance(subject(), { start: false, source });
      okOf(await api.createInstance(project, wanted));
      assert.equal(okOf(await api.instance(project, wanted.name)).value.status, 'Stopped');
      okOf(await api.deleteInstance(project, wanted.name));
    });

    it('is seen, with its devices, among those of all projects', async () => {
      const { api, project } = subject();
      const devices = { d: { type: 'disk', source: '/tmp', path: '/mnt/d' } };
      const wanted = newInstance(subject(), { start: false, devices });
      okOf(await api.createInstance(project, wanted));
      const found = okOf(await api.instancesOfAllProjects()).filter(({ name }) => name === wanted.name);
      assert.deepEqual(
        found.map((one) => [one.project, one.devices['d']?.['source']]),
        [[project, '/tmp']],
      );
      okOf(await api.deleteInstance(project, wanted.name));
      const names = okOf(await api.instancesOfAllProjects()).map(({ name }) => name);
      assert.ok(!names.includes(wanted.name));
    });

    it('says already_exists of a name that is taken, also while its creation runs', async () => {
      const { api, project } = subject();
      const wanted = newInstance(subject());
      const both = await Promise.all([
        api.createInstance(project, wanted),
        api.createInstance(project, wanted),
      ]);
      const refused = both.filter((one) => one.isErr());
      assert.equal(refused.length, 1);
      for (const one of refused) faultOf(one, 'already_exists');
      faultOf(await api.createInstance(project, wanted), 'already_exists');
      await discard(subject(), wanted.name);
    });

    it('refuses a bad name, an unknown image, profile, project and cluster member, and leaves nothing', async () => {
      const { api, project } = subject();
      const name = freshName();
      const with_ = (parts: object) =>
        api.createInstance(project, { ...newInstance(subject(), { name }), ...parts });
      faultOf(await with_({ name: '-bad' }), 'invalid_request');
      faultOf(await with_({ source: { alias: 'no/such/alias' } }), 'not_found');
      faultOf(await with_({ profiles: ['no-such-profile'] }), 'not_found');
      faultOf(await with_({ target: 'no-such-member' }), 'invalid_request', 'not_found');
      faultOf(await api.createInstance('no-such-project', newInstance(subject())), 'not_found');
      faultOf(await api.instance(project, name), 'not_found');
    });

    it('fails when a directory of the host is missing, and leaves nothing', async () => {
      const { api, project } = subject();
      const devices = { d: { type: 'disk', source: '/no/such/directory', path: '/mnt/d' } };
      const wanted = newInstance(subject(), { devices });
      faultOf(await api.createInstance(project, wanted), 'operation_failed', 'invalid_request');
      faultOf(await api.instance(project, wanted.name), 'not_found');
    });

    it('makes one without an image, which mounts what is there', async () => {
      const { api, project } = subject();
      const disk = (source: string) => ({ d: { type: 'disk', source, path: '/mnt/d' } });
      const wanted = newInstance(subject(), { start: false, ephemeral: false, source: 'none' });
      okOf(await api.createInstance(project, { ...wanted, devices: disk('/tmp') }));
      assert.equal(okOf(await api.instance(project, wanted.name)).value.status, 'Stopped');
      okOf(await api.deleteInstance(project, wanted.name));
      const missing = await api.createInstance(project, { ...wanted, devices: disk('/no/such') });
      assert.match(faultOf(missing, 'operation_failed', 'invalid_request').message, /missing source path/i);
      faultOf(await api.instance(project, wanted.name), 'not_found');
    });

    it('answers an abort when the instance is there to be deleted', async () => {
      const { api, project } = subject();
      const wanted = newInstance(subject());
      const giveUp = new AbortController();
      const creating = api.createInstance(project, wanted, { signal: giveUp.signal });
      giveUp.abort();
      faultOf(await creating, 'aborted');
      // The one promise is that nothing goes on behind the caller's back: it is there whole, or not at all.
      const found = await api.instance(project, wanted.name);
      if (found.isOk()) await discard(subject(), wanted.name);
      faultOf(await api.instance(project, wanted.name), 'not_found');
    });
  });
}
