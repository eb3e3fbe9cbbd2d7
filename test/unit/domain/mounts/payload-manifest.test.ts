import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  PAYLOAD_MANIFEST_PATH,
  payloadManifestSchema,
} from '../../../../src/domain/mounts/payload-manifest.js';
import {
  validatePayloadMount,
  validatePayloadMounts,
} from '../../../../src/domain/mounts/payload-mount-rules.js';
import { vector } from '../../../support/vectors.js';

const golden = vector('payload-manifests', (value) =>
  z
    .object({
      accepted: z.array(z.record(z.string(), z.unknown())).min(1),
      refused: z
        .array(
          z.object({
            why: z.enum(['relative_path', 'guest_path', 'name']),
            mount: z.object({
              name: z.string(),
              relative_path: z.string(),
              guest_path: z.string(),
              read_only: z.boolean(),
            }),
          }),
        )
        .min(1),
    })
    .parse(value),
);

describe('a payload manifest', () => {
  it('lies where prepared outputs ship it', () => {
    expect(PAYLOAD_MANIFEST_PATH).toBe('share/pikaci/payload-manifest.json');
  });

  it('payload manifest mounts round trip and stay optional', () => {
    const legacy = {
      schema_version: 1,
      kind: 'staged_linux_workspace_build_v1',
      entrypoints: [],
      asset_roots: [],
    };
    expect(payloadManifestSchema.parse(legacy)).toEqual({ ...legacy, mounts: [] });
    expect(payloadManifestSchema.parse({ schema_version: 1, kind: 'k' })).toEqual({
      schema_version: 1,
      kind: 'k',
      entrypoints: [],
      asset_roots: [],
      mounts: [],
    });
    for (const manifest of golden.accepted) {
      const read = payloadManifestSchema.parse(manifest);
      expect(read).toMatchObject(manifest);
      expect(payloadManifestSchema.parse(JSON.parse(JSON.stringify(read)))).toEqual(read);
      expect(validatePayloadMounts('/output', read.mounts).isOk()).toBe(true);
    }
  });

  it('payload manifest mount validation rejects escaping paths', () => {
    const mount = { name: 'm', relative_path: '.', guest_path: '/x', read_only: true };
    const escaping = validatePayloadMount('/output', {
      ...mount,
      relative_path: '../escape',
    })._unsafeUnwrapErr();
    expect(escaping.field).toBe('relative_path');
    expect(escaping.message).toContain('it must stay within the payload root');
    const relative = validatePayloadMount('/output', { ...mount, guest_path: 'staged/x' })._unsafeUnwrapErr();
    expect(relative.field).toBe('guest_path');
    expect(relative.message).toContain('it must be an absolute path in the guest');
  });

  for (const { why, mount } of golden.refused) {
    it(`with a mount of ${JSON.stringify(mount)} is refused for its ${why}`, () => {
      const fault = validatePayloadMount('/output', mount)._unsafeUnwrapErr();
      expect(fault).toMatchObject({ kind: 'invalid_payload_mount', field: why, mountName: mount.name });
      expect(fault.message).toContain(why);
    });
  }

  it('of another version, or without a kind, is refused', () => {
    expect(payloadManifestSchema.safeParse({ schema_version: 2, kind: 'k' }).success).toBe(false);
    expect(payloadManifestSchema.safeParse({ schema_version: 1 }).success).toBe(false);
    expect(payloadManifestSchema.safeParse({ schema_version: 1, kind: 'k', mounts: null }).success).toBe(
      false,
    );
  });
});
