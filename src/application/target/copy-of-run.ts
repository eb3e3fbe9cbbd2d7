import { randomBytes } from 'node:crypto';
import type { JobRecord } from '../../domain/job/job-record.js';
import type { PlanRecord } from '../../domain/records/plan-record.js';
import type { RunCopyMark } from '../../domain/records/run-copy-layout.js';
import type { RunStateLayout } from '../../domain/records/run-layout.js';
import type { ProcessIdentity } from '../../ports/processes.js';
import { RunCopy } from '../recover/run-copy.js';
import { jsonBytes } from './claim-run.js';
import type { RunRecorder } from './run-recorder.js';
import type { RunTargetParts } from './run-target-parts.js';

interface CopyOfRun {
  readonly runId: string;
  readonly state: RunStateLayout;
  readonly recorder: RunRecorder;
  readonly plan: PlanRecord;
  readonly runner: ProcessIdentity;
  readonly mark: RunCopyMark;
  readonly jobs?: readonly JobRecord[];
}

/** Written before anything is on the host, so that whoever resumes the run knows under which name it may be. */
export function newCopyMark(before?: RunCopyMark): RunCopyMark {
  const token = randomBytes(16).toString('hex');
  if (before === undefined) return { schema_version: 1, token, taken_from: [], state: 'making' };
  return { ...before, token, taken_from: [...before.taken_from, before.token].slice(-1000) };
}

/** Begins to keep the copy of a run's records on the host, and goes on with it as long as the run is recorded. */
export function copyOfRun(
  { ports, settings, hostTime, workDirectory }: RunTargetParts,
  of: CopyOfRun,
): RunCopy {
  const { hostFiles: files, localFiles, clock } = ports;
  const { runId, state, recorder, plan, runner, mark, jobs = [] } = of;
  const copy = RunCopy.begin(
    {
      ...{ files, clock, hostTime, workDir: settings.workDir, runner },
      name: { runId, token: mark.token },
      takenFrom: mark.taken_from,
      ready: (signal) => workDirectory.ensure(signal),
      // A mark that cannot be written leaves one that says less.
      note: async (now) =>
        void (await localFiles.writeFile(state.copyMark, jsonBytes({ ...mark, state: now }))),
    },
    { run: recorder.record, plan, jobs },
  );
  recorder.onChange = (record) => copy.change(record);
  return copy;
}
