import { z } from 'zod';
import { architectureSchema } from '../machine/architecture.js';
import { GUEST_GRACE_SECS } from '../machine/guest-paths.js';
import { guestUser, machineOptions, oneUser } from '../machine/machine-options.js';
import { type ServiceSpec, servicesSchema } from '../machine/service-spec.js';
import { commandText, stepShell, wordBytes } from '../machine/step-values.js';
import { environmentBytes, environmentSchema, secretsSchema, whyTooLong } from '../values/environment.js';
import { jobIdSchema } from '../values/identifier.js';
import { artifactCapsSchema } from './artifact-caps.js';
import { artifactWishesSchema } from './artifact-wishes.js';
import { checkCaches, type JobCache, jobCachesSchema } from './job-caches.js';
import { jobRetrySchema } from './job-retry.js';
import { withShells } from './job-shells.js';
import { type JobStep, jobStepsSchema } from './job-step.js';
import { jobReportsSchema } from './report-wishes.js';

/** The keys of a job; what else holds of them is `checkJob`. Times are in seconds. Unknown keys are refused, so that a misspelt one is not ignored. */
const jobSpec = z.strictObject({
  id: jobIdSchema,
  /** Run in the workspace by `shell`. Either this or `steps`. */
  command: commandText.optional(),
  /** `sh -e`, unless this or the `#!` line of the command says otherwise; with `steps`, that of those that name none. `bash` means `bash -eo pipefail`, `sh` goes on after a line that fails. */
  shell: stepShell.optional(),
  /** Run one after another in the same machine. */
  steps: jobStepsSchema.optional(),
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
  user: guestUser,
  /** Patterns (docs/patterns.md): absolute ones under `/artifacts`, relative ones under the workspace; with `!` in front, what is left out of these. `{paths, required: true}` fails the job when one of them matches no file. */
  artifacts: artifactWishesSchema.default([]),
  artifactCaps: artifactCapsSchema.prefault({}),
  /** Files of test results and of coverage, `{junit: [PATTERN, …], coverage: [PATTERN, …]}`: they come back as artifacts do, and what they say is part of the outcome. It changes no result. */
  reports: jobReportsSchema.optional(),
  /** Not for secrets: these are visible to whoever may watch the host. */
  env: environmentSchema.default({}),
  /** Given to the job as files in `$PIKACI_SECRETS_DIR`, and masked in logs and events. */
  secrets: secretsSchema.default({}),
  /** `{max, when, backoffSecs}`: when it is tried again, in a fresh machine. */
  retry: jobRetrySchema.optional(),
  /** Directories of the machine that are kept for later jobs. Incus only; on a microVM they begin empty. */
  caches: jobCachesSchema,
  /** Two caches for Rust: `$CARGO_HOME` and `$CARGO_TARGET_DIR`, by the content of every `Cargo.lock`. */
  cargo: z.boolean().default(false),
  /** What processor it needs, as `uname -m` says it. In a cluster it runs on a member of that architecture; elsewhere the host has to be one. */
  arch: architectureSchema.optional(),
  /** Machines beside it, reached by their names and gone with it. Incus only. */
  services: servicesSchema.optional(),
  ...machineOptions,
});

interface JobToCheck {
  readonly command?: string | undefined;
  readonly shell?: readonly string[] | undefined;
  readonly steps?: readonly JobStep[] | undefined;
  readonly env: Readonly<Record<string, string>>;
  readonly runAsRoot: boolean;
  readonly user?: string | undefined;
  readonly caches: readonly JobCache[];
  readonly cargo: boolean;
  readonly services?: readonly ServiceSpec[] | undefined;
  readonly secrets: Readonly<Record<string, unknown>>;
}

/** For schemas that have the keys of a job: what holds across them. */
export function checkJob(job: JobToCheck, context: z.RefinementCtx): void {
  oneCommandOrSteps(job, context);
  oneUser(job, context);
  checkCaches(job, context);
  checkServices(job, context);
  const whyTooLongJob = whyTooLong(job.env, wordBytes(job.shell));
  if (whyTooLongJob !== null && job.shell !== undefined)
    context.addIssue({ code: 'custom', path: ['env'], message: whyTooLongJob });
  for (const [index, { env, shell }] of (job.steps ?? []).entries()) {
    const message = whyTooLong(env, environmentBytes(job.env) + wordBytes(shell));
    if (message !== null) context.addIssue({ code: 'custom', path: ['steps', index, 'env'], message });
  }
}

/** What a service gets of secrets is the job's. */
function checkServices(
  { services, secrets }: Pick<JobToCheck, 'services' | 'secrets'>,
  context: z.RefinementCtx,
) {
  for (const [index, service] of (services ?? []).entries())
    for (const [at, name] of service.secrets.entries()) {
      if (Object.hasOwn(secrets, name)) continue;
      const message = `the job has no secret ${name}: name it in the job's "secrets" as well`;
      context.addIssue({ code: 'custom', path: ['services', index, 'secrets', at], message });
    }
}

/** Exactly one of the two says what is run. */
function oneCommandOrSteps(job: Pick<JobToCheck, 'command' | 'steps'>, context: z.RefinementCtx): void {
  if ((job.command === undefined) !== (job.steps === undefined)) return;
  const message =
    job.command === undefined
      ? 'a job has a "command", or "steps"'
      : 'a job has either a "command" or "steps", not both';
  context.addIssue({ code: 'custom', path: ['command'], message });
}

/** A job as its caller describes it. Times are in seconds. Unknown keys are refused, so that a misspelt one is not ignored. */
export const jobSpecSchema = jobSpec.superRefine(checkJob).transform(withShells);

/** For those who add keys of their own. */
export const jobSpecKeys = jobSpec.shape;

/** A checked job, every default filled in. */
export type JobSpec = z.output<typeof jobSpecSchema>;
/** What a caller has to write. */
export type JobSpecInput = z.input<typeof jobSpecSchema>;
