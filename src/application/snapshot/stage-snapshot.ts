import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { snapshotHomeDir } from '../../domain/machine/remote-layout.js';
import type { FileFault } from '../../ports/file-store.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { bounded } from '../../streams/bounded.js';
import type { WorkDirectory } from '../directories/work-directory.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { checkContents } from './check-contents.js';
import { snapshotFingerprint } from './snapshot-fingerprint.js';
import { SNAPSHOT_MARKER, type SnapshotMarker, snapshotMarkerSchema } from './snapshot-marker.js';
import { type StageCall, type StageSnapshotPorts, uploadSnapshot } from './upload-snapshot.js';

const PHASE = 'stage_workspace_snapshot';

/**
 * Puts a workspace's content on the host once, under its hash. It appears whole, by a rename, with a marker that names the
 * hash. One that is there already is used unless somebody has changed it since, which its fingerprint tells: then it is moved aside, for
 * whoever evicts, and sent anew. One whose marker is missing or says otherwise is refused.
 */
export class StageSnapshot {
  readonly #ports: StageSnapshotPorts;
  readonly #workDirectory: Pick<WorkDirectory, 'ensure' | 'path'>;
  /** By hash: what was looked at, or sent, by this process. */
  readonly #unchanged = new Set<string>();
  /** By hash: jobs of one process that start together stage a snapshot once. */
  readonly #underWay = new Map<string, Promise<Result<void, JobFault>>>();

  constructor(ports: StageSnapshotPorts, workDirectory: Pick<WorkDirectory, 'ensure' | 'path'>) {
    this.#ports = ports;
    this.#workDirectory = workDirectory;
  }

  /** The snapshot directory itself is `<workDir>/snapshots/<hash>/snapshot`. */
  async stage(snapshot: WorkspaceSnapshot, call: StageCall): Promise<Result<void, JobFault>> {
    for (;;) {
      const underWay = this.#underWay.get(snapshot.contentHash);
      if (underWay === undefined) break;
      const shared = await bounded(underWay, { signal: call.signal });
      if (typeof shared === 'string') return err(this.#cancelled());
      // Another job's cancel is not this one's: whoever wakes first stages it.
      if (shared.isOk() || shared.error.kind !== 'cancelled') return shared;
    }
    const staging = this.#stageOnce(snapshot, call);
    this.#underWay.set(snapshot.contentHash, staging);
    try {
      return await staging;
    } finally {
      this.#underWay.delete(snapshot.contentHash);
    }
  }

  async #stageOnce(snapshot: WorkspaceSnapshot, call: StageCall): Promise<Result<void, JobFault>> {
    const usable = await this.#workDirectory.ensure(call.signal);
    if (usable.isErr()) return err({ ...usable.error, phase: PHASE });
    const workDir = this.#workDirectory.path;
    const home = snapshotHomeDir(workDir, snapshot.contentHash);
    const present = await this.#check(home, snapshot.contentHash, call.signal);
    if (present.isErr()) return err(present.error);
    if (present.value) return ok(undefined);
    if (snapshot.isOnHostOnly === true) {
      const message = `${home} is gone, and its files are nowhere else: name the folder that has them (--workspace)`;
      return err({
        kind: 'workspace',
        phase: PHASE,
        host: this.#ports.shell.host,
        message,
        field: 'workspace',
      });
    }

    const staging = `${workDir}/snapshots/.staging-${randomBytes(8).toString('hex')}`;
    const at = { snapshots: `${workDir}/snapshots`, staging };
    const uploaded = await uploadSnapshot(this.#ports, at, snapshot, call);
    const renamed = uploaded.isErr()
      ? err(uploaded.error)
      : await this.#appear(staging, home, snapshot, call.signal);
    if (renamed.isErr()) await this.#discard(staging);
    return renamed;
  }

  /** True when it is there and is what its name says; false when nothing is there. */
  async #check(home: string, contentHash: string, signal: AbortSignal): Promise<Result<boolean, JobFault>> {
    const marked = await this.#checkMarker(home, contentHash, signal);
    if (marked.isErr() || marked.value) return marked;
    const there = await this.#ports.hostFiles.lstat(home, { signal });
    if (there.isErr()) return there.error.kind === 'not_found' ? ok(false) : err(this.#fault(there.error));
    // It may have appeared between the two looks; marker and directory come in one rename.
    const appeared = await this.#checkMarker(home, contentHash, signal);
    if (appeared.isErr() || appeared.value) return appeared;
    return err(this.#refused(home, `has no ${SNAPSHOT_MARKER}`));
  }

  /** False when there is no marker. */
  async #checkMarker(
    home: string,
    contentHash: string,
    signal: AbortSignal,
  ): Promise<Result<boolean, JobFault>> {
    const path = `${home}/${SNAPSHOT_MARKER}`;
    const marker = await this.#ports.hostFiles.readFile(path, { signal, maxBytes: 64 * 1024 });
    if (marker.isErr()) return marker.error.kind === 'not_found' ? ok(false) : err(this.#fault(marker.error));
    const read = readMarker(marker.value, contentHash);
    if (read.isErr()) return err(this.#refused(home, read.error));
    if (await this.#isUnchanged(home, read.value, signal)) return ok(true);
    const aside = `${posix.dirname(home)}/.evicting-${contentHash}-${randomBytes(4).toString('hex')}`;
    const moved = await this.#ports.hostFiles.rename(home, aside, { signal });
    // Of two who see it one moves it.
    if (moved.isOk() || moved.error.kind === 'not_found') return ok(false);
    return err(this.#fault(moved.error));
  }

  async #isUnchanged(home: string, marker: SnapshotMarker, signal: AbortSignal) {
    const { content_hash: hash, fingerprint } = marker;
    if (fingerprint === undefined || this.#unchanged.has(hash)) return true;
    const now = await snapshotFingerprint(this.#ports.shell, `${home}/snapshot`, signal);
    if (now === null) return true;
    // A newer snapshot that was made of this one has changed it, too: then its content says whether it is the same.
    if (now !== fingerprint && (await checkContents(this.#ports, home, marker, signal)) === null)
      return false;
    this.#unchanged.add(hash);
    return true;
  }

  async #appear(
    staging: string,
    home: string,
    snapshot: WorkspaceSnapshot,
    signal: AbortSignal,
  ): Promise<Result<void, JobFault>> {
    const renamed = await this.#ports.hostFiles.rename(staging, home, { signal });
    if (renamed.isOk()) return ok(undefined);
    const present = await this.#check(home, snapshot.contentHash, signal);
    if (present.isErr()) return err(present.error);
    if (!present.value) return err(this.#fault(renamed.error));
    await this.#discard(staging);
    return ok(undefined);
  }

  /** Bounded by the file store's own limits; what stays behind is removed by the reaper. */
  async #discard(staging: string): Promise<void> {
    await this.#ports.hostFiles.remove(staging, { recursive: true });
  }

  #fault(fault: FileFault): JobFault {
    return hostFilesFault(fault, PHASE);
  }

  #cancelled(): JobFault {
    const message = 'cancelled while another job staged the snapshot';
    return { kind: 'cancelled', phase: PHASE, host: this.#ports.shell.host, message };
  }

  #refused(home: string, problem: string): JobFault {
    return {
      kind: 'snapshot_refused',
      phase: PHASE,
      host: this.#ports.shell.host,
      message: `the staged snapshot ${home} ${problem}; inspect it, delete the directory on the host, and run again`,
    };
  }
}

function readMarker(bytes: Uint8Array, contentHash: string): Result<SnapshotMarker, string> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return err(`has a ${SNAPSHOT_MARKER} that is not JSON`);
  }
  const marker = snapshotMarkerSchema.safeParse(json);
  if (!marker.success) return err(`has a ${SNAPSHOT_MARKER} that cannot be read`);
  const { content_hash: found } = marker.data;
  return found === contentHash
    ? ok(marker.data)
    : err(`has a ${SNAPSHOT_MARKER} for other content (${JSON.stringify(found.slice(0, 80))})`);
}
