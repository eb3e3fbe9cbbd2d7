import { posix } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PayloadMountRecord } from '../../../../src/domain/mounts/payload-manifest.js';
import {
  clashingMount,
  validatePayloadMount,
  validatePayloadMounts,
} from '../../../../src/domain/mounts/payload-mount-rules.js';

const OWNED = [
  '/artifacts',
  '/var/lib/pikaci',
  '/var/lib/pikaci-job',
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/var/run',
];

const mount = (fields: Partial<PayloadMountRecord>): PayloadMountRecord => ({
  name: 'm',
  relative_path: '.',
  guest_path: '/x',
  read_only: true,
  ...fields,
});

/** Paths made of what tends to go wrong, so that both sides of each rule are met often. */
const component = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.constantFrom('a', 'b', 'run', 'dev', 'var', 'lib', 'pikaci', 'artifacts', '...'),
  },
  { weight: 2, arbitrary: fc.constantFrom('..', '.', '') },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 4 }) },
  { weight: 1, arbitrary: fc.constantFrom('\0', '\n', 'a\u007f', '\u001b[2J') },
);
const path = fc
  .tuple(fc.constantFrom('', '/', '//'), fc.array(component, { maxLength: 6 }), fc.constantFrom('', '/'))
  .map(([lead, parts, tail]) => `${lead}${parts.join('/')}${tail}`);
const goodGuestPath = fc
  .array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 4 })
  .map((parts) => `/${parts.join('/')}`);

const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;
const within = (outer: string, inner: string) => posix.relative(outer, inner).split('/')[0] !== '..';

describe('a declared mount', () => {
  it('that is accepted never has a source outside of the output root', () => {
    fc.assert(
      fc.property(fc.constantFrom('/output', '/nix/store/abc-x', '/'), path, (root, relative_path) => {
        const result = validatePayloadMount(root, mount({ relative_path }));
        if (result.isErr()) return;
        const { sourcePath } = result.value;
        expect(posix.normalize(sourcePath)).toBe(sourcePath);
        expect(within(root, sourcePath)).toBe(true);
        expect(sourcePath).toBe(posix.resolve(root, relative_path));
      }),
      { numRuns: 2000 },
    );
  });

  it('is accepted with every relative path that has no "..", no control character and no slash at its front', () => {
    fc.assert(
      fc.property(path, (relative_path) => {
        const good =
          relative_path !== '' &&
          !relative_path.startsWith('/') &&
          !CONTROL.test(relative_path) &&
          !relative_path.split('/').includes('..');
        expect(validatePayloadMount('/output', mount({ relative_path })).isOk()).toBe(good);
      }),
      { numRuns: 2000 },
    );
  });

  it('is accepted when, and only when, its guest path is absolute, normalised and nobody else’s', () => {
    fc.assert(
      fc.property(path, (guest_path) => {
        const normalised =
          guest_path.startsWith('/') && guest_path !== '/' && posix.resolve('/', guest_path) === guest_path;
        const owned = OWNED.some((place) => within(place, guest_path) || within(guest_path, place));
        const good = normalised && !CONTROL.test(guest_path) && !owned;
        const result = validatePayloadMount('/output', mount({ guest_path }));
        expect(result.isOk()).toBe(good);
        if (result.isErr()) expect(result.error.field).toBe('guest_path');
      }),
      { numRuns: 2000 },
    );
  });

  for (const guest_path of [...OWNED, '/artifacts/x', '/proc/self', '/run/user/1000', '/var', '/var/lib']) {
    it(`may not lie on, in or around ${guest_path}`, () => {
      const fault = validatePayloadMount('/output', mount({ guest_path }))._unsafeUnwrapErr();
      expect(fault.field).toBe('guest_path');
      expect(fault.message).toContain('which the supervisor owns');
    });
  }

  it('may be /home only when the home directory can be made in it', () => {
    const at = (read_only: boolean) =>
      validatePayloadMount('/output', mount({ guest_path: '/home', read_only }));
    expect(at(true)._unsafeUnwrapErr().message).toContain(
      '"/home" would leave no place for the home directory',
    );
    expect(at(false).isOk()).toBe(true);
  });

  it('may lie beside what the supervisor owns', () => {
    for (const guest_path of ['/artifacts2', '/runner', '/device', '/var/lib/other', '/cargo-home']) {
      expect(validatePayloadMount('/output', mount({ guest_path })).isOk()).toBe(true);
    }
  });

  it('needs a name without control characters', () => {
    for (const name of ['', ' ', '\t', 'a\nb', 'a\0']) {
      expect(validatePayloadMount('/output', mount({ name }))._unsafeUnwrapErr().field).toBe('name');
    }
  });

  it('keeps whether it is read-only', () => {
    for (const read_only of [true, false]) {
      expect(validatePayloadMount('/output', mount({ read_only }))._unsafeUnwrap().readOnly).toBe(read_only);
    }
  });

  it('is described in one line of bounded length, whatever it holds', () => {
    const long = validatePayloadMount(
      '/output',
      mount({ guest_path: `x\n${'y'.repeat(100_000)}` }),
    )._unsafeUnwrapErr();
    expect(long.message).not.toContain('\n');
    expect(long.message.length).toBeLessThan(1000);
  });
});

describe('several mounts', () => {
  it('are refused when one lies on or in another, whichever comes first', () => {
    fc.assert(
      fc.property(goodGuestPath, goodGuestPath, (a, b) => {
        const overlap = within(a, b) || within(b, a);
        const first = mount({ name: 'first', guest_path: a });
        const second = mount({ name: 'second', guest_path: b });
        for (const pair of [
          [first, second],
          [second, first],
        ]) {
          const result = validatePayloadMounts('/output', pair);
          expect(result.isErr()).toBe(overlap);
          if (result.isErr()) expect(result.error.field).toBe('guest_path');
        }
      }),
    );
  });

  it('of different outputs clash both ways as well', () => {
    const [outer, inner] = ['/opt/tool', '/opt/tool/bin'].map((guest_path) =>
      validatePayloadMount('/output', mount({ guest_path, name: guest_path }))._unsafeUnwrap(),
    );
    if (outer === undefined || inner === undefined) throw new Error('two mounts were made');
    expect(clashingMount([outer], inner)?.message).toContain('/opt/tool');
    expect(clashingMount([inner], outer)?.message).toContain('/opt/tool/bin');
    expect(clashingMount([], inner)).toBeNull();
  });

  it('need names of their own', () => {
    const result = validatePayloadMounts('/output', [
      mount({ guest_path: '/a' }),
      mount({ guest_path: '/b' }),
    ]);
    expect(result._unsafeUnwrapErr()).toMatchObject({ field: 'name', mountName: 'm' });
  });

  it('are handed back in their order when they keep the rules', () => {
    const names = ['z', 'a', 'm'];
    const result = validatePayloadMounts(
      '/output',
      names.map((name) => mount({ name, guest_path: `/${name}` })),
    );
    expect(result._unsafeUnwrap().map(({ name }) => name)).toEqual(names);
  });
});
