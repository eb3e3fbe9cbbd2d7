import { GUEST_ARTIFACTS_FROM_DIR } from '../machine/guest-paths.js';
import type { DeclaredMounts } from './mount-plan.js';

/** Artifacts of a job that are on the host for another one. */
export interface StagedArtifacts {
  /** The id of the job that made them. */
  readonly job: string;
  /** Absolute, on the host; never to be changed. */
  readonly directory: string;
}

/** A job's artifacts, expressed as a declared mount like every other: their root is the directory in which they were staged. */
export function artifactsMounts({ job, directory }: StagedArtifacts): DeclaredMounts {
  const guestPath = `${GUEST_ARTIFACTS_FROM_DIR}/${job}`;
  const mount = { name: job, relative_path: '.', guest_path: guestPath, read_only: true };
  return { devicePrefix: 'artifacts-from', outputRoot: directory, mounts: [mount] };
}
