import { buildGuestRequest } from '../../domain/job/guest-request.js';
import type { JobSpec } from '../../domain/job/job-spec.js';
import { collectedPatterns } from '../../domain/job/report-wishes.js';
import { readyBoundSecs } from '../../domain/machine/machine-ready.js';
import type { BootRequest } from '../machine/machine-spec.js';

/** The job as a microVM starts it while it boots. */
export function bootRequest(job: JobSpec, keepFailedSecs: number): BootRequest {
  const { secrets, timeoutSecs, graceSecs } = job;
  return {
    request: buildGuestRequest(job),
    secrets,
    artifacts: collectedPatterns(job),
    lifeSecs: timeoutSecs + 2 * graceSecs + readyBoundSecs(job.ready),
    keepFailedSecs,
  };
}
