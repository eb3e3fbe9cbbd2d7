import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { JobStepRecord } from '../../src/domain/job/step-record.js';

/** A step of a recorded job, which took two seconds unless said. */
export function stepRecord(id: string, more: Partial<JobStepRecord> = {}): JobStepRecord {
  return {
    id,
    name: id,
    status: 'passed',
    cause: 'exit',
    exit_code: 0,
    started_at: '2026-11-23T16:45:03.000Z',
    finished_at: '2026-11-23T16:45:05.000Z',
    log_start: 0,
    log_end: 0,
    ...more,
  };
}

/** One that runs since `log_start`. */
export function runningStep(id: string, log_start: number, more: Partial<JobStepRecord> = {}): JobStepRecord {
  const open = { cause: null, exit_code: null, finished_at: null, log_end: null } as const;
  return stepRecord(id, { status: 'running', ...open, log_start, ...more });
}

export function skippedStep(id: string, reason: string): JobStepRecord {
  const none = { exit_code: null, started_at: null, finished_at: null, log_start: null, log_end: null };
  return stepRecord(id, { status: 'skipped', cause: 'skipped', ...none, reason });
}

/** Writes `steps.json` of a job of a run that `writeRun` has written. */
export function writeSteps(runDir: string, job: string, steps: readonly JobStepRecord[]): Promise<void> {
  return writeFile(join(runDir, 'jobs', job, 'steps.json'), JSON.stringify({ schema_version: 1, steps }));
}
