import { isWithin } from '../values/path-rules.js';

/** Fixed places inside every guest. The supervisor (`guest/pikaci-incus-run`) and the images agree on them. */
export const GUEST_WORKSPACE_DIR = '/workspace/snapshot';
export const GUEST_ARTIFACTS_DIR = '/artifacts';
/** Below it, by the job's id, the artifacts of each job that a job has those of. */
export const GUEST_ARTIFACTS_FROM_DIR = '/artifacts-from';
export const GUEST_CARGO_HOME_DIR = '/cargo-home';
export const GUEST_TARGET_DIR = '/cargo-target';
export const GUEST_XDG_STATE_HOME_DIR = '/artifacts/xdg-state';
export const GUEST_USER = 'pikaci';
/** Between TERM and KILL where the request does not say. */
export const GUEST_GRACE_SECS = 10;
export const GUEST_USER_ID = 1000;
/** Root-only state of the supervisor: its own text, the job's pid, the result of record. */
export const GUEST_SUPERVISOR_DIR = '/var/lib/pikaci';
/** What the supervisor lets others read of its steps. */
export const GUEST_STEPS_DIR = `${GUEST_SUPERVISOR_DIR}-job`;
/**
 * Files in `/artifacts` that the supervisor writes before the job begins; they are not artifacts of the job. What it writes when the job
 * has ended has a place of its own, `.pikaci`, which no list of files shows: a `result.json` in `/artifacts` that is listed is the job's.
 */
const SUPERVISOR_FILES = ['guest.log', 'guest-request.json'] as const;

/** The names of these files; a job of one command may have a `steps.jsonl` of its own. */
export function guestSupervisorFiles({
  steps,
}: {
  readonly steps?: readonly unknown[] | undefined;
}): readonly string[] {
  return steps === undefined ? SUPERVISOR_FILES : [...SUPERVISOR_FILES, 'steps.jsonl'];
}

/** Places that the supervisor or the machine itself owns. */
const OWNED = [
  GUEST_ARTIFACTS_DIR,
  GUEST_SUPERVISOR_DIR,
  GUEST_STEPS_DIR,
  '/proc',
  '/sys',
  '/dev',
  '/run',
  '/var/run',
];

/** The place among these that lies in `path`, or around it. Absolute, normalised. */
export function ownerOfGuestPath(path: string): string | undefined {
  return OWNED.find((owned) => isWithin(owned, path) || isWithin(path, owned));
}

export function guestHomeDir(user: {
  readonly runAsRoot: boolean;
  readonly user?: string | undefined;
}): string {
  if (user.runAsRoot || user.user === 'root') return '/root';
  return `/home/${user.user ?? GUEST_USER}`;
}
