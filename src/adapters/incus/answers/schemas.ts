import { z } from 'zod';
import type { IncusResources } from '../../../ports/incus-cluster-types.js';
import type {
  IncusImage,
  IncusInstance,
  IncusInstanceSnapshot,
  IncusInstanceState,
  IncusNetwork,
  IncusOperation,
  IncusProfile,
  IncusProject,
  IncusStoragePool,
  IncusVolume,
} from '../../../ports/incus-types.js';

/** Shapes of doc/rest-api.yaml (Incus 6.0). Go writes an empty map or list as null. */
const text = z.string();
const map = z
  .record(z.string(), z.string())
  .nullish()
  .transform((value) => value ?? {});
const devices = z
  .record(z.string(), z.record(z.string(), z.string()))
  .nullish()
  .transform((value) => value ?? {});
const list = z
  .array(z.string())
  .nullish()
  .transform((value) => value ?? []);
const instanceType = z.enum(['container', 'virtual-machine']);

export const projectSchema = z.object({ name: text, config: map }) satisfies z.ZodType<IncusProject>;

export const profileSchema = z.object({
  name: text,
  config: map,
  devices,
}) satisfies z.ZodType<IncusProfile>;

export const networkSchema = z
  .object({
    name: text,
    type: text,
    managed: z.boolean(),
    config: map,
    used_by: list,
    status: text.optional(),
    description: text.optional(),
  })
  .transform(({ used_by: usedBy, ...same }): IncusNetwork => ({ ...same, usedBy }));

export const storagePoolSchema = z.object({
  name: text,
  driver: text,
  status: text.optional(),
  config: map,
}) satisfies z.ZodType<IncusStoragePool>;

export const resourcesSchema = z
  .object({
    cpu: z.object({ total: z.number().int().positive() }),
    memory: z.object({ total: z.number().positive() }),
  })
  .transform(({ cpu, memory }): IncusResources => ({ cpu: cpu.total, memoryBytes: memory.total }));

export const aliasSchema = z.object({ target: text });

export const imageSchema = z
  .object({
    fingerprint: text,
    type: instanceType,
    architecture: text,
    aliases: z
      .array(z.object({ name: text }))
      .nullish()
      .transform((aliases) => (aliases ?? []).map(({ name }) => name)),
    size: z.number(),
    properties: map,
    filename: text.nullish().transform((name) => name ?? ''),
    uploaded_at: text.nullish().transform((time) => time ?? ''),
  })
  .transform(({ uploaded_at: uploadedAt, ...same }): IncusImage => ({ ...same, uploadedAt }));

export const instanceSchema = z
  .object({
    name: text,
    project: text,
    type: instanceType,
    status: text,
    ephemeral: z.boolean(),
    architecture: text,
    description: text,
    profiles: list,
    config: map,
    devices,
    expanded_devices: devices,
    created_at: text,
    location: text,
  })
  .transform(
    ({ expanded_devices, created_at, ...same }): IncusInstance => ({
      ...same,
      expandedDevices: expanded_devices,
      createdAt: created_at,
    }),
  );

export const instanceSnapshotSchema = z
  .object({ name: text, created_at: text, expires_at: text.nullish(), config: map })
  .transform(
    ({ name, created_at: createdAt, expires_at: expires, config }): IncusInstanceSnapshot => ({
      name,
      createdAt,
      // Go's zero time stands for none.
      expiresAt: expires == null || expires.startsWith('0001-') ? null : expires,
      config,
    }),
  );

export const instanceStateSchema = z.object({
  status: text,
  pid: z.number().int(),
  processes: z.number().int(),
}) satisfies z.ZodType<IncusInstanceState>;

export const operationSchema = z.object({
  id: text,
  class: text,
  description: text,
  status: text,
  status_code: z.number().int(),
  may_cancel: z.boolean(),
  err: text.nullish().transform((value) => value ?? ''),
  resources: z
    .record(z.string(), list)
    .nullish()
    .transform((value) => value ?? {}),
  metadata: z.record(z.string(), z.unknown()).nullish(),
});

export type WireOperation = z.infer<typeof operationSchema>;

export function operationOf(wire: WireOperation): IncusOperation {
  return {
    id: wire.id,
    class: wire.class,
    description: wire.description,
    status: wire.status,
    statusCode: wire.status_code,
    mayCancel: wire.may_cancel,
    error: wire.err,
    resources: wire.resources,
  };
}

/** A snapshot's answer has neither its type nor who uses it; it is asked for among the custom volumes, and nothing can. */
export const volumeSchema = z
  .object({
    name: text,
    type: text.default('custom'),
    content_type: text,
    config: map,
    used_by: list,
    location: text.optional(),
  })
  .transform(
    ({ content_type, used_by, ...same }): IncusVolume => ({
      ...same,
      contentType: content_type,
      usedBy: used_by,
    }),
  );
