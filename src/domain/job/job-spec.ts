import { z } from 'zod';
import { GUEST_GRACE_SECS, GUEST_USER } from '../machine/guest-paths.js';
import { jobIdSchema } from '../values/identifier.js';
import { hasControlCharacter, isNormalisedAbsolutePath } from '../values/path-rules.js';
import { isExclusion } from './artifact.js';

const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;
const variableName = z
  .string()
  .regex(VARIABLE, { error: 'a name is letters, digits and "_", not starting with a digit' });
const noNul = (text: string) => !text.includes('\0');
const noNulError = { error: 'must not contain a NUL character' };

/** `512MiB`, `2GB`, `1048576`: Incus's own notation for sizes. */
const size = z.string().regex(/^[1-9][0-9]*(B|kB|MB|GB|TB|KiB|MiB|GiB|TiB)?$/, {
  error: 'a size is a whole number with an optional unit: B, kB, MB, GB, TB, KiB, MiB, GiB or TiB',
});

/** What the machine may use. Each is left to the profile when it is not given. */
export const jobLimitsSchema = z.strictObject({
  /** Number of cores. */
  cpu: z.number().int().positive().optional(),
  memory: size.optional(),
  /** Processes and threads in the machine. Containers only. */
  processes: z.number().int().positive().optional(),
  /** Size of the root disk. */
  disk: size.optional(),
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
    .refine((name) => !hasControlCharacter(name), { error: 'must not hold control characters' }),
  path: z
    .string()
    .refine(isNormalisedAbsolutePath, { error: 'must be an absolute, normalised path on the host' }),
});

/** Caps on what is brought back of a job; what goes over is left behind and named. */
export const artifactCapsSchema = z.strictObject({
  /** Bytes of one file; default 1 GiB. */
  fileBytes: z
    .number()
    .int()
    .positive()
    .default(1024 ** 3),
  /** Bytes of all files together; default 4 GiB. */
  totalBytes: z
    .number()
    .int()
    .positive()
    .default(4 * 1024 ** 3),
  /** Number of files; default 20000. */
  files: z.number().int().positive().default(20_000),
});

const artifactGlob = z
  .string()
  .min(1)
  .max(1024)
  .refine((glob) => !hasControlCharacter(glob), { error: 'must not hold control characters' })
  .refine((glob) => !glob.split('/').includes('..'), { error: 'must not contain ".."' })
  .refine((glob) => /^(?!\/)|^\/artifacts(?:\/|$)/.test(isExclusion(glob) ? glob.slice(1) : glob), {
    error: 'an absolute pattern must lie under /artifacts; others are relative to the workspace',
  });
const artifactGlobs = z
  .array(artifactGlob)
  .max(100)
  .refine((globs) => globs.length === 0 || !globs.every(isExclusion), {
    error: 'patterns with a "!" in front only take away; one without is needed',
  });

/** A job as its caller describes it. Times are in seconds. Unknown keys are refused, so that a misspelt one is not ignored. */
export const jobSpecSchema = z.strictObject({
  id: jobIdSchema,
  /** Run by `/bin/sh` in the workspace. */
  command: z
    .string()
    .min(1)
    .max(1024 * 1024)
    .refine(noNul, noNulError),
  timeoutSecs: z
    .number()
    .int()
    .positive()
    .max(7 * 24 * 3600)
    .default(1800),
  /** Between TERM and KILL when the job has to end. */
  graceSecs: z.number().int().nonnegative().max(600).default(GUEST_GRACE_SECS),
  runAsRoot: z.boolean().default(false),
  /** Login name in the guest; not together with `runAsRoot`. */
  user: z
    .string()
    .regex(/^[a-z_][a-z0-9_-]{0,31}$/, { error: 'a login name is at most 32 of a-z, 0-9, "_" and "-"' })
    .refine((user) => user !== 'root', { error: 'use "runAsRoot" for root' })
    .default(GUEST_USER),
  /** The job may change its workspace; the changes are thrown away with the machine. */
  writableWorkspace: z.boolean().default(false),
  /** Globs: absolute ones under `/artifacts`, relative ones under the workspace; with `!` in front, what is left out of these. */
  artifacts: artifactGlobs.default([]),
  artifactCaps: artifactCapsSchema.prefault({}),
  /** Not for secrets: these are visible to whoever may watch the host. */
  env: z.record(variableName, z.string().refine(noNul, noNulError)).default({}),
  /** Given to the job as files in `$PIKACI_SECRETS_DIR`, and masked in logs and events. */
  secrets: z.record(variableName, z.string().min(1).refine(noNul, noNulError)).default({}),
  limits: jobLimitsSchema.default({}),
  instanceType: z.enum(['container', 'virtual-machine']).default('container'),
  /** Incus profiles applied after the configured one. */
  extraProfiles: z.array(z.string().min(1)).default([]),
  preparedOutputs: z.array(preparedOutputSchema).max(64).default([]),
});

/** A checked job, every default filled in. */
export type JobSpec = z.output<typeof jobSpecSchema>;
/** What a caller has to write. */
export type JobSpecInput = z.input<typeof jobSpecSchema>;
export type ArtifactCaps = z.output<typeof artifactCapsSchema>;
export type PreparedOutput = z.output<typeof preparedOutputSchema>;
