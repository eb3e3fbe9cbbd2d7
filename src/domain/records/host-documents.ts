import { z } from 'zod';

const share = {
  /** Cores, or parts of them. */
  cpu: z.number(),
  memory_bytes: z.number(),
};
const whose = { instance_name: z.string(), run_id: z.string(), job_id: z.string() };
const kept = { bytes: z.number().nullable(), last_used_at: z.string(), in_use: z.boolean() };

/** A machine of a host. Times are ISO 8601, by the host's clock. */
const hostMachineSchema = z.looseObject({
  ...whose,
  /** `pooled`: it waits for a job. `abandoned`: its lease has ended, and a reaper will remove it. */
  state: z.enum(['running', 'pooled', 'stopped', 'abandoned']),
  /** Null where that is not known, as of microVMs. */
  asks: z.looseObject(share).nullable(),
  since: z.string().nullable(),
  lease_ends_at: z.string(),
});

/** A machine that waits until its host has what it asks for. */
const queuedMachineSchema = z.looseObject({
  ...whose,
  /** From 1. */
  place: z.number().int().positive(),
  priority: z.number().int(),
  since: z.string(),
  asks: z.looseObject(share),
  reason: z.string(),
});

/** A run's place in a group of which one goes on at a time. */
const groupPlaceSchema = z.looseObject({
  /** Null where it was taken by an older pikaci, which did not say. */
  group: z.string().nullable(),
  run_id: z.string(),
  goes_on: z.boolean(),
  since: z.string(),
  /** The run before it; null for the one that goes on, and for the next. */
  waits_for: z.string().nullable(),
});

/** A host, or a member of a cluster, as it is now. What is null could not be told; `problems` say why. */
export const hostDocumentSchema = z.looseObject({
  /** `user@host:port`, or `local`. */
  host: z.string(),
  /** In a cluster. */
  member: z.string().nullable(),
  /** `online`, `unreachable`, or as the cluster says: `offline`, `evacuated` … */
  state: z.string(),
  problems: z.array(z.string()),
  /** What machines are given of it. */
  has: z.looseObject(share).nullable(),
  asked: z.looseObject(share),
  free_disk_bytes: z.number().nullable(),
  machines: z.array(hostMachineSchema),
  queue: z.array(queuedMachineSchema),
  groups: z.array(groupPlaceSchema),
  templates: z.array(z.looseObject({ name: z.string(), key: z.string(), ...kept })).nullable(),
  caches: z.array(z.looseObject({ key: z.string(), scope: z.string(), ...kept })).nullable(),
  /** How many snapshots of workspaces are kept there. */
  snapshots: z.number().int().nonnegative().nullable(),
  /** How many machines, templates, caches and places in groups are not listed, since there are too many. */
  left_out: z.number().int().nonnegative(),
});
/** A host, or a member of a cluster, as it was seen. */
export type HostDocument = z.infer<typeof hostDocumentSchema>;

/** The hosts that a configuration names, and what waits there. */
export const hostsDocumentSchema = z.looseObject({
  type: z.literal('hosts'),
  schema_version: z.literal(1),
  /** When that was seen, ISO 8601 by the runner's clock. */
  seen_at: z.string(),
  hosts: z.array(hostDocumentSchema),
});
/** What `lookAtHosts` of the library gives, and `pikaci serve --hosts` as JSON. */
export type HostsDocument = z.infer<typeof hostsDocumentSchema>;
