import assert from 'node:assert/strict';
import type { ContractRunner } from '../contract-runner.js';
import { faultOf, okOf } from './outcome.js';
import { type Bench, discard, freshName, newInstance } from './subject.js';

export function snapshotsContract(
  { it, describe, beforeAll, afterAll }: ContractRunner,
  { subject }: Bench,
): void {
  describe("an instance's snapshots", () => {
    let name = '';
    const of = () => ({ instance: name, snapshot: 'ready' });
    const writeMark = async (text: string) => {
      const { api, project } = subject();
      const file = { path: '/root/mark', content: Buffer.from(text) };
      okOf(await api.writeFile(project, name, file));
    };
    beforeAll(async () => {
      const { api, project } = subject();
      const devices = { tmp: { type: 'disk', source: '/tmp', path: '/mnt/tmp' } };
      const config = { 'user.kept': '1', 'user.said': 'before' };
      const wanted = newInstance(subject(), { ephemeral: false, start: false, config, devices });
      name = wanted.name;
      okOf(await api.createInstance(project, wanted));
      await writeMark('in the snapshot');
      okOf(await api.snapshotInstance(project, of()));
      await writeMark('after it');
    }, 60_000);
    afterAll(() => discard(subject(), name), 60_000);

    it('are listed with the config that the instance had, and one name is taken once', async () => {
      const { api, project } = subject();
      const listed = okOf(await api.instanceSnapshots(project, name));
      assert.deepEqual(
        listed.map((one) => [one.name, one.config['user.kept']]),
        [['ready', '1']],
      );
      assert.ok(Date.parse(listed[0]?.createdAt ?? '') > 0);
      faultOf(await api.snapshotInstance(project, of()), 'already_exists');
    });

    it('are copied and started in one call, with what the copy says, and else what the snapshot has', async () => {
      const { api, project } = subject();
      const wanted = newInstance(subject(), { source: { copyOf: of() }, config: { 'user.said': 'now' } });
      okOf(await api.createInstance(project, wanted));
      const { value } = okOf(await api.instance(project, wanted.name));
      assert.deepEqual([value.status, value.ephemeral, value.profiles], ['Running', true, wanted.profiles]);
      assert.deepEqual([value.config['user.kept'], value.config['user.said']], ['1', 'now']);
      assert.equal(value.devices['tmp']?.['path'], '/mnt/tmp');
      assert.deepEqual(okOf(await api.instanceSnapshots(project, wanted.name)), []);
      const read = okOf(await api.readFile(project, wanted.name, '/root/mark'));
      assert.equal(Buffer.from(read.content).toString(), 'in the snapshot');
      await discard(subject(), wanted.name);
    });

    it('change with none of their copies', async () => {
      const { api, project } = subject();
      const copy = () => newInstance(subject(), { source: { copyOf: of() }, start: false });
      const [one, other] = [copy(), copy()];
      okOf(await api.createInstance(project, one));
      okOf(await api.writeFile(project, one.name, { path: '/root/mark', content: Buffer.from('changed') }));
      okOf(await api.createInstance(project, other));
      const read = okOf(await api.readFile(project, other.name, '/root/mark'));
      assert.equal(Buffer.from(read.content).toString(), 'in the snapshot');
      await discard(subject(), one.name);
      await discard(subject(), other.name);
    });

    it('that are not there are not found, and leave nothing', async () => {
      const { api, project } = subject();
      const missing = [
        { instance: name, snapshot: 'none' },
        { instance: freshName(), snapshot: 'ready' },
      ];
      for (const copyOf of missing) {
        const wanted = newInstance(subject(), { source: { copyOf } });
        faultOf(await api.createInstance(project, wanted), 'not_found');
        faultOf(await api.instance(project, wanted.name), 'not_found');
      }
      faultOf(await api.snapshotInstance(project, missing[1] ?? of()), 'not_found');
      faultOf(await api.instanceSnapshots(project, missing[1]?.instance ?? ''), 'not_found');
    });

    it('go with their instance, whose copies stay', async () => {
      const { api, project } = subject();
      const source = newInstance(subject(), { ephemeral: false, start: false });
      okOf(await api.createInstance(project, source));
      const copyOf = { instance: source.name, snapshot: 'ready' };
      okOf(await api.snapshotInstance(project, copyOf));
      const copy = newInstance(subject(), { source: { copyOf } });
      okOf(await api.createInstance(project, copy));
      okOf(await api.deleteInstance(project, source.name));
      assert.equal(okOf(await api.instance(project, copy.name)).value.status, 'Running');
      await discard(subject(), copy.name);
    });

    it('that are to expire say when', async () => {
      const { api, project } = subject();
      const soon = { instance: name, snapshot: 'for-a-while' };
      const expiresAtMs = Math.floor(Date.now() / 1000) * 1000 + 86_400_000;
      okOf(await api.snapshotInstance(project, soon, { expiresAtMs }));
      const expiries = okOf(await api.instanceSnapshots(project, name)).map(
        (one) => [one.name, one.expiresAt === null ? null : Date.parse(one.expiresAt)] as const,
      );
      assert.deepEqual(new Map(expiries).get(soon.snapshot), expiresAtMs);
      assert.deepEqual(new Map(expiries).get('ready'), null);
      okOf(await api.deleteSnapshot(project, soon));
    });

    it('of an instance that runs are removed by themselves; it and their copies go on', async () => {
      const { api, project } = subject();
      const source = newInstance(subject(), {});
      okOf(await api.createInstance(project, source));
      const copyOf = { instance: source.name, snapshot: 'for-a-copy' };
      okOf(await api.snapshotInstance(project, copyOf));
      const copy = newInstance(subject(), { source: { copyOf } });
      okOf(await api.createInstance(project, copy));
      okOf(await api.deleteSnapshot(project, copyOf));
      assert.deepEqual(okOf(await api.instanceSnapshots(project, source.name)), []);
      for (const one of [source.name, copy.name])
        assert.equal(okOf(await api.instance(project, one)).value.status, 'Running');
      faultOf(await api.deleteSnapshot(project, copyOf), 'not_found');
      await discard(subject(), copy.name);
      await discard(subject(), source.name);
    }, 60_000);
  });
}
