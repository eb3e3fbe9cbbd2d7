import { err, ok, type Result } from 'neverthrow';
import { gcRootsDir, remoteRunDirOf } from '../../domain/machine/remote-layout.js';
import { LAST_USE } from '../../domain/target/retention.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { HoldRenewer } from './hold-renewer.js';
import { releaseRun } from './release-run.js';

const RACES = 5;
const RELEASE_BOUND_MS = 60_000;

export interface RunHoldInput {
  readonly files: FileStore;
  readonly clock: Clock;
  readonly workDir: string;
  readonly runId: string;
  readonly signal: AbortSignal;
}

/** What a run keeps for itself on the host while it goes on: snapshots and outputs from eviction, store paths from Nix. */
export class RunHold {
  readonly #input: RunHoldInput;
  readonly #keeper: HoldRenewer;
  readonly #runDir: string;
  #hasRoots = false;

  constructor(input: RunHoldInput) {
    this.#input = input;
    this.#keeper = new HoldRenewer(input, input.runId);
    this.#runDir = remoteRunDirOf(input.workDir, input.runId);
  }

  /** `gone` when the directory is not there. */
  async hold(directory: string): Promise<Result<'held' | 'gone', JobFault>> {
    const held = await this.#keeper.hold(directory, this.#input.signal);
    // Another user's, who alone can take it away.
    if (held.isErr() && held.error.kind === 'permission_denied') return ok('held');
    return held.mapErr((fault) => hostFilesFault(fault, null));
  }

  /** Where a prepare node's garbage-collection root may be made. */
  async gcRoot(nodeId: string): Promise<Result<string, JobFault>> {
    const { files, signal } = this.#input;
    this.#hasRoots = true;
    // The stamp comes before the roots, or they would be taken for what an ended run has left behind.
    for (let race = 0; ; race++) {
      const made = await files.makeDirectory(this.#runDir, { signal });
      if (made.isErr() && made.error.kind !== 'not_found') return err(hostFilesFault(made.error, null));
      const held = await this.hold(this.#runDir);
      if (held.isErr()) return err(held.error);
      if (held.value === 'held') break;
      // A job's clean-up has taken the empty directory away again.
      if (race < RACES) continue;
      const message = `${this.#runDir} on ${files.host} is removed as often as it is made`;
      return err({ kind: 'host_files', phase: null, host: files.host, message });
    }
    const directory = `${gcRootsDir(this.#runDir)}/${nodeId}`;
    const made = await files.makeDirectory(directory, { signal });
    return made.map(() => `${directory}/root`).mapErr((fault) => hostFilesFault(fault, null));
  }

  /** When the jobs have been cleaned up. What a job that was left running still needs stays for whoever ends that. */
  async release(): Promise<void> {
    await this.#keeper[Symbol.asyncDispose]();
    if (!this.#hasRoots) return;
    const { files } = this.#input;
    const signal = awakeBound(RELEASE_BOUND_MS);
    await files.remove(`${this.#runDir}/${LAST_USE}`, { signal });
    await releaseRun(files, this.#runDir, signal);
  }
}
