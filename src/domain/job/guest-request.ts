import { z } from 'zod';
import { shellInRequest } from '../machine/command-shell.js';
import {
  GUEST_CARGO_HOME_DIR,
  GUEST_GRACE_SECS,
  GUEST_TARGET_DIR,
  GUEST_USER,
  GUEST_WORKSPACE_DIR,
  GUEST_XDG_STATE_HOME_DIR,
  guestHomeDir,
} from '../machine/guest-paths.js';
import { type MachineReady, readyInRequest } from '../machine/machine-ready.js';
import { isNormalisedAbsolutePath } from '../values/path-rules.js';
import { cachesOf, type JobCache } from './job-caches.js';
import type { JobStep } from './job-step.js';

const guestDir = z
  .string()
  .refine(isNormalisedAbsolutePath, { error: 'must be an absolute, normalised path' });

const guestRequestStepSchema = z.looseObject({
  id: z.string(),
  name: z.string().optional(),
  command: z.string().min(1),
  /** Words in front of the path of the command's text. */
  shell: z.array(z.string()).min(1).optional(),
  working_directory: guestDir.optional(),
  environment: z.record(z.string(), z.string()).optional(),
  user: z.string().optional(),
  run_as_root: z.boolean().optional(),
  timeout_secs: z.number().int().positive().optional(),
  continue_on_error: z.boolean().optional(),
  if: z.enum(['success', 'failure', 'always']).optional(),
});
export type GuestRequestStep = z.infer<typeof guestRequestStepSchema>;

/** `/artifacts/guest-request.json`: what the supervisor inside the guest is asked to do. Unknown keys are kept. */
export const guestRequestSchema = z.looseObject({
  schema_version: z.literal(1),
  /** Run in `workspace_dir`; empty when there are steps. */
  command: z.string(),
  /** Words in front of the path of the command's text; `/bin/sh` when left out, as requests of 0.1 mean it. */
  shell: z.array(z.string()).min(1).optional(),
  /** Run one after another instead. */
  steps: z.array(guestRequestStepSchema).min(1).max(100).optional(),
  timeout_secs: z.number().int().positive(),
  run_as_root: z.boolean(),
  workspace_dir: guestDir,
  cargo_home_dir: guestDir,
  target_dir: guestDir,
  xdg_state_home_dir: guestDir,
  home_dir: guestDir,
  /** Between TERM and KILL, in seconds; the supervisor's own default is 10. */
  grace_secs: z.number().int().nonnegative().optional(),
  writable_workspace: z.boolean().optional(),
  /** Login name; `pikaci` when left out. */
  user: z.string().optional(),
  environment: z.record(z.string(), z.string()).optional(),
  /** Directories that are there, or made, and are the user's with all that is in them. */
  cache_dirs: z.array(guestDir).optional(),
  /** What the machine has to be before its first step; the supervisor decides of what is left out. */
  ready: z
    .looseObject({
      init: z.boolean().optional(),
      network: z.boolean().optional(),
      command: z.string().optional(),
      timeout_secs: z.number().int().positive().optional(),
    })
    .optional(),
});
/** `guest-request.json`: what the supervisor in the guest is asked to run. Times are in seconds. */
export type GuestRequest = z.infer<typeof guestRequestSchema>;

/** The part of a job that its guest has to know. */
export interface GuestRequestJob {
  readonly command?: string | undefined;
  /** Words; `/bin/sh` when left out. */
  readonly shell?: readonly string[] | undefined;
  readonly steps?: readonly JobStep[] | undefined;
  readonly timeoutSecs: number;
  readonly runAsRoot?: boolean | undefined;
  readonly graceSecs?: number | undefined;
  readonly writableWorkspace?: boolean | undefined;
  readonly user?: string | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly caches?: readonly JobCache[] | undefined;
  readonly cargo?: boolean | undefined;
  readonly ready?: MachineReady | undefined;
}

/** What differs from the guest's defaults is said; the rest is left out, so that plain jobs keep the plain form. */
export function buildGuestRequest(job: GuestRequestJob): GuestRequest {
  const runAsRoot = job.runAsRoot ?? false;
  const shell = job.command === undefined ? undefined : shellInRequest(job.command, job.shell);
  const caches = cachesOf({ cargo: job.cargo, caches: job.caches ?? [] });
  return {
    schema_version: 1,
    command: job.command ?? '',
    ...(shell === undefined ? {} : { shell }),
    ...(job.steps === undefined ? {} : { steps: job.steps.map(requestStep) }),
    timeout_secs: job.timeoutSecs,
    run_as_root: runAsRoot,
    workspace_dir: GUEST_WORKSPACE_DIR,
    cargo_home_dir: GUEST_CARGO_HOME_DIR,
    target_dir: GUEST_TARGET_DIR,
    xdg_state_home_dir: GUEST_XDG_STATE_HOME_DIR,
    home_dir: guestHomeDir({ runAsRoot, user: job.user }),
    ...(job.graceSecs === undefined || job.graceSecs === GUEST_GRACE_SECS
      ? {}
      : { grace_secs: job.graceSecs }),
    ...(job.writableWorkspace === true ? { writable_workspace: true } : {}),
    ...(job.user === undefined || job.user === GUEST_USER || runAsRoot ? {} : { user: job.user }),
    ...(job.env === undefined || Object.keys(job.env).length === 0 ? {} : { environment: { ...job.env } }),
    ...(caches.length === 0 ? {} : { cache_dirs: caches.map(({ path }) => path) }),
    ...readyInRequest(job.ready),
  };
}

function requestStep(step: JobStep): GuestRequestStep {
  const { id, name, command, workingDirectory, env, user, runAsRoot, timeoutSecs } = step;
  const shell = shellInRequest(command, step.shell);
  return {
    id,
    name,
    command,
    ...(shell === undefined ? {} : { shell }),
    ...(workingDirectory === undefined ? {} : { working_directory: workingDirectory }),
    ...(Object.keys(env).length === 0 ? {} : { environment: env }),
    ...(user === undefined ? {} : { user }),
    ...(runAsRoot === undefined ? {} : { run_as_root: runAsRoot }),
    ...(timeoutSecs === undefined ? {} : { timeout_secs: timeoutSecs }),
    ...(step.continueOnError ? { continue_on_error: true } : {}),
    ...(step.if === 'success' ? {} : { if: step.if }),
  };
}
