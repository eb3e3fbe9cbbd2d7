import { err, ok, type Result } from 'neverthrow';
import type { ArtifactReport } from '../../domain/job/artifact.js';
import { snapshotHomeDir } from '../../domain/machine/remote-layout.js';
import type { StagedArtifacts } from '../../domain/mounts/artifacts-mount.js';
import { type JobStateLayout, jobStateLayout } from '../../domain/records/run-layout.js';
import type { FileStore } from '../../ports/file-store.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { Journal } from '../events/journal.js';
import type { JobFault } from '../faults/job-fault.js';
import { loadJobRecord } from '../job/job-record-file.js';
import type { HostOfJob } from '../job/run-job-call.js';
import type { TargetExecutionInput } from './target-execution-input.js';

const PHASE = 'stage_workspace_snapshot';
/** It may be evicted before it is held. */
const RACES = 3;

export interface StageArtifactsInput {
  readonly at: Pick<TargetExecutionInput, 'parts' | 'runId' | 'settled'>;
  /** Where the job runs that is to have them. */
  readonly there: HostOfJob;
  /** Keeps a directory there from being evicted for as long as the run goes on; `gone` when it is not there. */
  readonly hold: (directory: string, files: FileStore) => Promise<Result<'held' | 'gone', JobFault>>;
  /** Told to whoever watches the job that is to have them. */
  readonly journal: Journal;
  readonly signal: AbortSignal;
}

/**
 * Puts the artifacts of jobs on the host of another, each under the hash of its content, as they were kept on this machine: what the artifact rules have let
 * in, and nothing else. What the host has already is not sent. A job that did not begin, or brought nothing back, has an empty directory.
 */
export async function stageArtifacts(
  input: StageArtifactsInput,
  jobs: readonly string[],
): Promise<Result<readonly StagedArtifacts[], JobFault>> {
  const staged: StagedArtifacts[] = [];
  for (const job of jobs) {
    const directory = await stageOne(input, job);
    if (directory.isErr()) return err(directory.error);
    staged.push({ job, directory: directory.value });
  }
  return ok(staged);
}

async function stageOne(input: StageArtifactsInput, job: string): Promise<Result<string, JobFault>> {
  const { at, there, hold, journal, signal } = input;
  const found = await collectedOf(input, job);
  if (found.isErr()) return err(found.error);
  const { state, report } = found.value;
  if (report !== null && report.incomplete !== null)
    journal.warn(`the artifacts of ${job} did not all come back (${report.incomplete}); the rest is mounted`);
  const snapshot = await scanned(input, job, {
    state,
    paths: (report?.collected ?? []).map((one) => one.path),
  });
  if (snapshot.isErr()) return err(snapshot.error);
  const home = snapshotHomeDir(at.parts.settings.workDir, snapshot.value.contentHash);
  for (let race = 0; ; race++) {
    const sent = await there.stageSnapshot.stage(snapshot.value, {
      signal,
      onProgress: ({ bytes, totalBytes }) =>
        journal.emit({ type: 'upload_progress', bytes, total_bytes: totalBytes }),
    });
    // It is not the workspace that could not be sent as it was read.
    if (sent.isErr())
      return err(sent.error.kind === 'workspace' ? fault(input, sent.error.message) : sent.error);
    const held = await hold(home, there.hostFiles);
    if (held.isErr()) return err(held.error);
    if (held.value === 'held' || race === RACES) return ok(`${home}/snapshot`);
  }
}

interface Collected {
  readonly state: JobStateLayout;
  /** Null of a job that did not begin. */
  readonly report: ArtifactReport | null;
}

/** Those of its last attempt, in the run that has run it. */
async function collectedOf(input: StageArtifactsInput, job: string): Promise<Result<Collected, JobFault>> {
  const { parts, runId, settled } = input.at;
  const from = settled.get(job)?.job?.taken_over_from;
  const state = jobStateLayout(parts.settings.stateRoot, from ?? runId, job);
  const record = await loadJobRecord(parts.ports.localFiles, state, input.signal);
  if (record.isOk()) return ok({ state, report: record.value.outcome?.artifacts ?? null });
  if (record.error.kind !== 'no_such_job') return err(record.error);
  if (settled.get(job)?.status !== 'passed') return ok({ state, report: null });
  return err(fault(input, `${state.jobRecord} is not there: the artifacts of ${job} are gone; run it again`));
}

async function scanned(
  input: StageArtifactsInput,
  job: string,
  { state, paths }: { readonly state: JobStateLayout; readonly paths: readonly string[] },
): Promise<Result<WorkspaceSnapshot, JobFault>> {
  const { scanner } = input.at.parts.ports;
  const { stateRoot } = input.at.parts.settings;
  const { signal } = input;
  // Without artifacts there may be no folder of them.
  const folder = paths.length === 0 ? stateRoot : state.artifactsDir;
  const read = await scanner.scan(folder, { only: paths, signal });
  if (read.isErr() && read.error.kind === 'aborted')
    return err({ ...fault(input, read.error.message), kind: 'cancelled' });
  if (read.isErr())
    return err(fault(input, `the artifacts of ${job} could not be read: ${read.error.message}`));
  const { entries, contents } = read.value;
  const there = new Set(entries.filter((_, index) => contents[index]?.kind !== 'l'));
  const missing = paths.find((path) => !there.has(path));
  if (missing === undefined) return ok(read.value);
  const why = `${folder}/${missing} is not the file that was brought back; run ${job} again`;
  return err(fault(input, `the artifacts of ${job} are not all there: ${why}`));
}

function fault({ at }: StageArtifactsInput, message: string): JobFault {
  return { kind: 'local_files', phase: PHASE, host: at.parts.ports.localFiles.host, message };
}
