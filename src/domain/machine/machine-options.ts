import { z } from 'zod';
import { isNormalisedAbsolutePath, pathError, whyNoPath } from '../values/path-rules.js';
import { machineReadySchema } from './machine-ready.js';

/** `512MiB`, `2GB`, `1048576`: Incus's own notation for sizes. */
const size = z.string().regex(/^[1-9][0-9]*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/, {
  error: 'a size is a whole number with an optional unit: B, kB, MB, GB, TB, KiB, MiB, GiB or TiB',
});

/** What the machine may use. Each is left to the configuration, and then to the profile, when it is not given. */
export const jobLimitsSchema = z.strictObject({
  /** Number of cores. */
  cpu: z.number().int().positive().optional(),
  memory: size.optional(),
  /** Processes and threads in the machine. Containers only. */
  processes: z.number().int().positive().optional(),
  /** Size of the root disk. */
  disk: size.optional(),
});

/** What a machine asks its host for, so that no more is started there than fits (docs/operations.md). */
export const requestsSchema = z.strictObject({
  /** Cores, or parts of one. */
  cpu: z.number().positive().max(65_536).optional(),
  memory: size.optional(),
});

/**
 * A directory on the host that ships `share/pikaci/payload-manifest.json`; `name` is unique in the job and leads its
 * device names.
 */
export const preparedOutputSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(64)
    .refine((name) => whyNoPath(name) === null, pathError('')),
  path: z
    .string()
    .refine(isNormalisedAbsolutePath, pathError('must be an absolute, normalised path on the host')),
});
export type PreparedOutput = z.output<typeof preparedOutputSchema>;

/** Login name of whoever runs what runs in a machine; `pikaci` when left out. */
export const guestUser = z
  .string()
  .regex(/^[a-z_][a-z0-9_-]{0,31}$/, { error: 'a login name is at most 32 of a-z, 0-9, "_" and "-"' })
  .refine((user) => user !== 'root', { error: 'use "runAsRoot" for root' })
  .optional();

interface WhoRuns {
  readonly runAsRoot?: boolean | undefined;
  readonly user?: string | undefined;
}

/** A refinement of what has both keys. */
export function oneUser({ runAsRoot, user }: WhoRuns, context: z.RefinementCtx): void {
  if (runAsRoot !== true || user === undefined) return;
  const message = `either "user" or "runAsRoot", not both: root would run it, and not ${user}`;
  context.addIssue({ code: 'custom', path: ['user'], message });
}

/** What was recorded before the two were refused together: root ran it. */
export function withoutIdleUser(recorded: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { user, ...rest } = recorded;
  return recorded['runAsRoot'] === true || user === undefined ? rest : { ...rest, user };
}

/** What a machine is made with, whatever will run in it. */
export const machineOptions = {
  /** What runs in it may change its workspace; the changes are thrown away with the machine. */
  writableWorkspace: z.boolean().default(false),
  limits: jobLimitsSchema.default({}),
  /** What of its host is kept for it: it waits until that is free. What is left out is what `limits` say; `{}` is no more than these. Incus only. */
  requests: requestsSchema.optional(),
  /** Among those that wait for their host: the highest comes first, 0 when left out. */
  priority: z.number().int().min(-100).max(100).optional(),
  /** What is waited for before its first step; by itself where the image's init starts services. */
  ready: machineReadySchema.optional(),
  instanceType: z.enum(['container', 'virtual-machine']).default('container'),
  /** Incus profiles applied after the configured one. */
  extraProfiles: z.array(z.string().min(1)).default([]),
  preparedOutputs: z.array(preparedOutputSchema).max(64).default([]),
} as const;
