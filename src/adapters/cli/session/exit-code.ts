import type { OpenMachineFault } from '../../../application/faults/machine-fault.js';
import type { RunJobRecord } from '../../../domain/records/run-record.js';
import { isRefusal } from '../output/refusal.js';
import type { JobEnd, RunEnd } from '../output/run-end.js';

export const EXIT = { passed: 0, failed: 1, usage: 2, systemFailure: 3, cancelled: 130 } as const;

/**
 * Exit status of a run. When its jobs ended in different ways the highest number wins: cancelled (130) before system failure
 * (3) before bad usage (2) before a failed job (1) before passed (0), so that what hides results is never hidden itself.
 * What another's failure has ended (`--fail-fast`) has no say: that failure has. Nor has a failure that is allowed.
 */
export function exitCodeOf(jobs: readonly JobEnd[], prepares: RunEnd['prepares'] = []): number {
  return Math.max(
    EXIT.passed,
    ...jobs.map(codeOfJob),
    ...prepares.map((end) =>
      end.endedFor === undefined && end.allowed !== true ? exitCodeOfFault(end.fault) : EXIT.passed,
    ),
  );
}

function codeOfJob(job: JobEnd): number {
  switch (job.kind) {
    case 'not_started':
    case 'abandoned':
      return EXIT.cancelled;
    case 'faulted':
      return job.endedFor === undefined && job.allowed !== true ? exitCodeOfFault(job.fault) : EXIT.passed;
    case 'recorded':
      return job.endedFor === undefined && job.allowed !== true ? codeOfRecord(job.record) : EXIT.passed;
    case 'skipped':
      // For what it waited for, that has a code of its own.
      return EXIT.passed;
    case 'ended':
      if (job.run.outcome.status === 'passed' || job.endedFor !== undefined || job.allowed === true)
        return EXIT.passed;
      return job.run.outcome.status === 'failed' ? EXIT.failed : EXIT.cancelled;
  }
}

/** A job that failed without having been executed met a system failure. */
export function codeOfRecord({ status, remote_linux_vm_execution: ran }: RunJobRecord): number {
  if (status === 'passed' || status === 'skipped') return EXIT.passed;
  if (status !== 'failed') return EXIT.cancelled;
  return ran === null ? EXIT.systemFailure : EXIT.failed;
}

/** Faults in what the caller handed in are bad usage; `cancelled` is the caller's own signal. */
export function exitCodeOfFault(fault: OpenMachineFault): number {
  if (isRefusal(fault)) return EXIT.usage;
  switch (fault.kind) {
    case 'cancelled':
      return EXIT.cancelled;
    case 'prepare_failed':
      return EXIT.failed;
    default:
      return EXIT.systemFailure;
  }
}
