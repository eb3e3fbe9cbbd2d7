import { artifactPatterns } from '../../domain/job/artifact-wishes.js';
import { buildGuestRequest } from '../../domain/job/guest-request.js';
import type { JobSpec } from '../../domain/job/job-spec.js';
import { readyBoundSecs } from '../../domain/machine/machine-ready.js';
import type { BootRequest } from '../machine/machine-spec.js';

/** The job as a microVM starts it while it boots. */
export function bootRequest(job: JobSpec, keepFailedSecs: number): BootRequest {
  const { secrets, artifacts, timeoutSecs, graceSecs } = job;
  return {
    request: buildGuestRequest(job),
    secrets,
    artifacts: artifactPatterns(artifacts),
    lifeSecs: timeoutSecs + 2 * graceSecs + readyBoundSecs(job.ready),
    keepFailedSecs,
  };
}
