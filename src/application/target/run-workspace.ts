import { err, ok, type Result } from 'neverthrow';
import { remoteLayout, snapshotHomeDir } from '../../domain/machine/remote-layout.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { ScanFault, WorkspaceScanner, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { JobFault } from '../faults/job-fault.js';
import { workspaceFault } from '../faults/port-faults.js';
import type { StagedWorkspace } from '../prepare/prepare-call.js';
import type { StageSnapshot } from '../snapshot/stage-snapshot.js';
import type { StageProgress } from '../snapshot/upload-snapshot.js';

const RACES = 3;

export interface RunWorkspaceInput {
  readonly ports: { readonly shell: RemoteShell; readonly scanner: WorkspaceScanner };
  readonly stageSnapshot: Pick<StageSnapshot, 'stage'>;
  readonly workDir: string;
  readonly workspace: string;
  /** Where it has been read already for this run. */
  readonly scanned?: WorkspaceSnapshot;
  readonly runId: string;
  readonly signal: AbortSignal;
  /** Keeps the snapshot from being evicted while commands on the host read it; `gone` when it is not there. */
  readonly hold: (directory: string) => Promise<Result<'held' | 'gone', JobFault>>;
  /** What was found out, for the record. */
  readonly onFound: (
    found: Partial<Pick<RunRecord, 'git_head' | 'git_dirty' | 'git_branch' | 'snapshot_dir'>>,
  ) => void;
}

/** The workspace of a run: read once and sent once, when the first node needs it, so that all jobs get the same. */
export class RunWorkspace {
  readonly #input: RunWorkspaceInput;
  #scan: Promise<Result<WorkspaceSnapshot, ScanFault>> | null = null;
  #staged: Promise<Result<StagedWorkspace, JobFault>> | null = null;

  constructor(input: RunWorkspaceInput) {
    this.#input = input;
  }

  scan(): Promise<Result<WorkspaceSnapshot, ScanFault>> {
    this.#scan ??= this.#scanOnce();
    return this.#scan;
  }

  /** Asks git which commit it is; nobody waits for it but the end of the run, and a fault leaves the record without it. */
  async askRevision(): Promise<void> {
    const { ports, workspace, signal, onFound } = this.#input;
    const revision = await ports.scanner.revision(workspace, { signal });
    if (revision.isErr() || revision.value === null) return;
    const { head, dirty, branch = null } = revision.value;
    onFound({ git_head: head, git_dirty: dirty, git_branch: branch });
  }

  /** `onProgress` is told of what is sent for this call; another that comes meanwhile shares it and hears nothing. */
  staged(onProgress: (progress: StageProgress) => void): Promise<Result<StagedWorkspace, JobFault>> {
    this.#staged ??= this.#stageOnce(onProgress);
    return this.#staged;
  }

  async #scanOnce(): Promise<Result<WorkspaceSnapshot, ScanFault>> {
    const { ports, workspace, signal, onFound, scanned: known } = this.#input;
    const scanned = known === undefined ? await ports.scanner.scan(workspace, { signal }) : ok(known);
    if (scanned.isOk()) onFound({ snapshot_dir: this.#snapshotDir(scanned.value) });
    return scanned;
  }

  async #stageOnce(
    onProgress: (progress: StageProgress) => void,
  ): Promise<Result<StagedWorkspace, JobFault>> {
    const { ports, workDir, signal, stageSnapshot, hold } = this.#input;
    const scanned = await this.scan();
    if (scanned.isErr()) return err(workspaceFault(scanned.error, ports.shell.host));
    const home = snapshotHomeDir(workDir, scanned.value.contentHash);
    for (let race = 0; ; race++) {
      const staged = await stageSnapshot.stage(scanned.value, {
        signal,
        onProgress,
      });
      if (staged.isErr()) return err(staged.error);
      const held = await hold(home);
      if (held.isErr()) return err(held.error);
      // Evicted between the two, it is sent once more.
      if (held.value === 'held' || race === RACES) break;
    }
    return ok({ snapshot: scanned.value, snapshotDir: this.#snapshotDir(scanned.value) });
  }

  #snapshotDir({ contentHash }: WorkspaceSnapshot): string {
    const { workDir, runId } = this.#input;
    const place = { runId, jobId: '', remoteWorkDir: workDir, snapshotHash: contentHash };
    return remoteLayout(place).remoteSnapshotDir;
  }
}
