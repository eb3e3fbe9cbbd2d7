import { describe, expect, it } from 'vitest';
import {
  type PlaceableMember,
  type PlaceWanted,
  placeableOf,
  rankCandidates,
} from '../../../../src/domain/machine/placement.js';

const GIB = 1024 ** 3;

const NOTHING = { snapshot: false, template: false, cache: false, warmMachine: false };
const SNAPSHOT = { already: { ...NOTHING, snapshot: true } };

function member(name: string, parts: Partial<PlaceableMember> = {}): PlaceableMember {
  const has = { cpu: 4, memoryBytes: 8 * GIB };
  const taken = { cpu: 0, memoryBytes: 0 };
  const same = { name, status: 'Online', architecture: 'x86_64', groups: ['default'], scheduler: undefined };
  return { ...same, has, taken, freeMemoryBytes: 8 * GIB, already: NOTHING, ...parts };
}

const anywhere: PlaceWanted = { asks: {}, members: null, group: null, bound: null, avoid: [], arch: null };
const ranked = (members: readonly PlaceableMember[], wanted: Partial<PlaceWanted> = {}) => {
  const { candidates, excluded } = placeableOf(members, { ...anywhere, ...wanted });
  return { usable: rankCandidates(candidates), excluded };
};
const names = (...args: Parameters<typeof ranked>) => ranked(...args).usable.map((one) => one.member);

describe('the default placement', () => {
  it('takes the member with the snapshot while it has room, and then the one with the most cores left', () => {
    const has = member('a', { ...SNAPSHOT, taken: { cpu: 3, memoryBytes: 0 } });
    expect(ranked([member('b'), has]).usable[0]).toEqual({
      member: 'a',
      reason: 'it has the snapshot, and 1 of 4 cores are free',
    });
    expect(names([member('b'), has], { asks: { cpu: 2 } })).toEqual(['b', 'a']);
    expect(names([member('b', { taken: { cpu: 2, memoryBytes: 0 } }), member('c')])).toEqual(['c', 'b']);
  });

  it('takes what costs most to make anew for the best: a template, a machine that waits, a snapshot, caches', () => {
    const all = (['cache', 'snapshot', 'warmMachine', 'template'] as const).map((part) =>
      member(part, { already: { ...NOTHING, [part]: true } }),
    );
    expect(names([member('none'), ...all])).toEqual(['template', 'warmMachine', 'snapshot', 'cache', 'none']);
    const two = member('two', { already: { ...NOTHING, snapshot: true, cache: true } });
    expect(ranked([...all.slice(0, 2), two]).usable[0]).toEqual({
      member: 'two',
      reason: 'it has the snapshot and the caches, and 4 of 4 cores are free',
    });
  });

  it('looks at memory, said as a size or as a share, and at what is really free', () => {
    const little = member('a', { freeMemoryBytes: GIB });
    const other = member('b', { taken: { cpu: 2, memoryBytes: 0 } });
    expect(names([little, other], { asks: { memory: '2GiB' } })).toEqual(['b', 'a']);
    expect(ranked([little], { asks: { memory: '50%' } }).usable[0]?.reason).toMatch(/no member has room/);
  });

  it('never takes one that is not online, evacuated, excluded, or not among those that are configured', () => {
    const members = [
      member('off', { status: 'Offline' }),
      member('evacuated', { status: 'Evacuated' }),
      member('manual', { scheduler: 'manual' }),
      member('group', { scheduler: 'group' }),
      member('other'),
      member('good'),
    ];
    const listed = members.map((one) => one.name).filter((name) => name !== 'other');
    const { usable, excluded } = ranked(members, { members: listed });
    expect(usable.map((one) => one.member)).toEqual(['good']);
    expect(Object.fromEntries(excluded.map((one) => [one.member, one.reason]))).toEqual({
      off: 'offline',
      evacuated: 'evacuated',
      manual: 'scheduler.instance is manual',
      group: 'scheduler.instance is group, and incus.cluster.group is not set',
      other: 'not one of incus.cluster.members',
    });
    const fast = member('a', { groups: ['fast'], scheduler: 'group' });
    expect(names([fast, member('b')], { group: 'fast' })).toEqual(['a']);
  });

  it('gives a job that needs an architecture to members that have it alone', () => {
    const members = [member('a', SNAPSHOT), member('b', { architecture: 'aarch64' })];
    expect(ranked(members, { arch: 'aarch64' })).toMatchObject({
      usable: [{ member: 'b' }],
      excluded: [{ member: 'a', reason: 'it is x86_64, and the job needs aarch64' }],
    });
    const bound = { member: 'a', reason: 'its template is on the host' };
    expect(names(members, { arch: 'aarch64', bound })).toEqual([]);
    expect(names(members)).toEqual(['a', 'b']);
  });

  it('leaves a job where what it needs is, and nowhere when that member is gone', () => {
    const bound = { member: 'a', reason: 'its template is on the host' };
    const full = member('a', { taken: { cpu: 4, memoryBytes: 0 } });
    expect(names([full, member('b')], { bound })).toEqual(['a']);
    expect(names([member('a', { status: 'Evacuated' }), member('b')], { bound })).toEqual([]);
  });
});
