import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { declaredPayloadMountDeviceName } from '../../../../src/domain/mounts/mount-device-name.js';
import { vector } from '../../../support/vectors.js';

const golden = vector('device-names', (value) =>
  z.object({ vectors: z.array(z.tuple([z.string(), z.string(), z.string()])).min(1) }).parse(value),
);

const text = fc.oneof(fc.string(), fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));

describe('the name of a mount device', () => {
  for (const [prefix, mount, name] of golden.vectors) {
    it(`of ${JSON.stringify(prefix)} and ${JSON.stringify(mount)} is ${name}`, () => {
      expect(declaredPayloadMountDeviceName(prefix, mount)).toBe(name);
    });
  }

  it('declared payload mount device names stay short and stable', () => {
    fc.assert(
      fc.property(text, text, (prefix, mount) => {
        const name = declaredPayloadMountDeviceName(prefix, mount);
        expect(name.length).toBeLessThanOrEqual(20);
        expect(name).toMatch(/^[a-z0-9-]+$/);
        expect(name).not.toMatch(/^-|-$/);
        expect(declaredPayloadMountDeviceName(prefix, mount)).toBe(name);
      }),
    );
  });

  it('differs for two mounts of one output', () => {
    fc.assert(
      fc.property(text, fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 20 }), (prefix, mounts) => {
        const names = mounts.map((mount) => declaredPayloadMountDeviceName(prefix, mount));
        expect(new Set(names).size).toBe(mounts.length);
      }),
    );
  });

  it('differs for outputs whose names begin alike, and for those that are sanitised to one word', () => {
    const names = ['workspace-deps', 'workspace-build', 'a b', 'a-b', 'A-B'].map((prefix) =>
      declaredPayloadMountDeviceName(prefix, 'root'),
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('does not take letters for ASCII that only become so in lower case', () => {
    expect(declaredPayloadMountDeviceName('\u212a', 'm')).toMatch(/^mount-/);
    expect(declaredPayloadMountDeviceName('a\u212ab', 'm')).toMatch(/^a-b-/);
  });
});
