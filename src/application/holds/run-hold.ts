import { err, ok, type Result } from 'neverthrow';
import { gcRootsDir, remoteRunDirOf, runHoldsDir } from '../../domain/machine/remote-layout.js';
import { LAST_USE } from '../../domain/target/retention.js';
import type { Clock } from '../../ports/clock.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { HoldRenewer } from './hold-renewer.js';
import { touchLastUsed } from './last-used.js';
import { releaseRun } from './release-run.js';

const RACES = 5;
const RELEASE_BOUND_MS = 60_000;

export interface RunHoldInput {
  readonly files: FileStore;
  readonly clock: Clock;
  readonly workDir: string;
  readonly runId: string;
  /** A UUID of this run alone: another state root may have a run of the same id on the host. */
  readonly holdId: string;
  readonly signal: AbortSignal;
}

/** What a run keeps for itself on the host while it goes on: snapshots and outputs from eviction, store paths from Nix. Snapshots on other members of a cluster as well. */
export class RunHold {
  readonly #input: RunHoldInput;
  /** One for each host or member. */
  readonly #keepers = new Map<FileStore, HoldRenewer>();
  readonly #runDir: string;
  readonly #holdDir: string;
  readonly #making: string;
  #hasRoots = false;
  #made: Promise<Result<void, JobFault>> | null = null;

  constructor(input: RunHoldInput) {
    this.#input = input;
    this.#runDir = remoteRunDirOf(input.workDir, input.runId);
    this.#holdDir = `${runHoldsDir(this.#runDir)}/${input.holdId}`;
    this.#making = `${runHoldsDir(this.#runDir)}/.making-${input.holdId}`;
  }

  /** `gone` when the directory is not there. `files` are those of the host unless said. */
  async hold(directory: string, files = this.#input.files): Promise<Result<'held' | 'gone', JobFault>> {
    const held = await this.#keeperOf(files).hold(directory, this.#input.signal);
    // Another user's, who alone can take it away.
    if (held.isErr() && held.error.kind === 'permission_denied') return ok('held');
    return held.mapErr((fault) => hostFilesFault(fault, null));
  }

  /** Where a prepare node's garbage-collection root may be made. */
  async gcRoot(nodeId: string): Promise<Result<string, JobFault>> {
    const { files, signal } = this.#input;
    this.#hasRoots = true;
    this.#made ??= this.#make();
    const held = await this.#made;
    if (held.isErr()) this.#made = null;
    if (held.isErr()) return err(held.error);
    const directory = `${gcRootsDir(this.#holdDir)}/${nodeId}`;
    const made = await files.makeDirectory(directory, { signal });
    return made.map(() => `${directory}/root`).mapErr((fault) => hostFilesFault(fault, null));
  }

  /** It appears with its stamp, by one rename: without one it would be taken for what an ended run has left behind. */
  async #make(): Promise<Result<void, JobFault>> {
    const { files, signal, runId } = this.#input;
    const making = this.#making;
    const attempt = async (): Promise<Result<'held' | 'gone', FileFault>> => {
      const made = await files.makeDirectory(making, { signal });
      if (made.isErr()) return err(made.error);
      const stamped = await touchLastUsed(files, making, { runId, signal });
      if (stamped.isErr() || stamped.value === 'gone') return stamped.map(() => 'gone');
      const placed = await files.rename(making, this.#holdDir, { signal });
      return placed.map(() => 'held');
    };
    for (let race = 0; race < RACES; race++) {
      const made = await attempt();
      if (made.isErr() && made.error.kind !== 'not_found') return err(hostFilesFault(made.error, null));
      if (made.isErr() || made.value === 'gone') continue;
      this.#keeperOf(files).keep(this.#holdDir);
      return ok(undefined);
    }
    // The end of another run of this id, or a job's clean-up, has taken the empty directories away each time.
    const message = `${this.#runDir} on ${files.host} is removed as often as it is made`;
    return err({ kind: 'host_files', phase: null, host: files.host, message });
  }

  #keeperOf(files: FileStore): HoldRenewer {
    const { clock, runId } = this.#input;
    const keeper = this.#keepers.get(files) ?? new HoldRenewer({ files, clock }, runId);
    this.#keepers.set(files, keeper);
    return keeper;
  }

  /** When the jobs have been cleaned up. What a job that was left running still needs stays for whoever ends that. */
  async release(): Promise<void> {
    await Promise.all([...this.#keepers.values()].map((keeper) => keeper[Symbol.asyncDispose]()));
    if (!this.#hasRoots) return;
    await this.#made;
    const { files } = this.#input;
    const signal = awakeBound(RELEASE_BOUND_MS);
    for (const hold of [this.#making, this.#holdDir]) await files.remove(`${hold}/${LAST_USE}`, { signal });
    await releaseRun(files, this.#runDir, signal);
  }
}
