import { err, ok, type Result } from 'neverthrow';
import { GUEST_USER_ID } from '../../domain/machine/guest-paths.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFault, hostFilesFault } from '../faults/port-faults.js';
import { archiveBytes } from './archive-bytes.js';
import { findBase } from './find-base.js';
import { makeFromBase } from './make-from-base.js';
import { snapshotFingerprint } from './snapshot-fingerprint.js';
import { packList, SNAPSHOT_LIST } from './snapshot-list.js';
import { SNAPSHOT_MARKER, type SnapshotMarker } from './snapshot-marker.js';
import { snapshotSketch } from './snapshot-sketch.js';

const PHASE = 'stage_workspace_snapshot';
/** What is smaller is sent whole: that takes less time than to look for another one. Bytes of the archive. */
const LEAST_BYTES = 1024 * 1024;

export interface StageSnapshotPorts {
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
  readonly clock: Clock;
}

/** The last one has all its bytes; none comes when nothing has to be sent. */
export interface StageProgress {
  /** Of the archive, sent so far. */
  readonly bytes: number;
  /** Of the archive, as reckoned before. */
  readonly totalBytes: number;
}

export interface StageCall {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: StageProgress) => void;
}

interface Place {
  /** The host's folder of all snapshots. */
  readonly snapshots: string;
  /** Made here. */
  readonly staging: string;
}

/**
 * Fills a directory of the host with a snapshot, its list and its marker: of one that the host has and what has changed since, or, where
 * there is none or that fails, of the whole that is sent.
 */
export async function uploadSnapshot(
  ports: StageSnapshotPorts,
  { snapshots, staging }: Place,
  snapshot: WorkspaceSnapshot,
  call: StageCall,
): Promise<Result<void, JobFault>> {
  const { hostFiles, clock } = ports;
  const { signal } = call;
  const fault = (cause: Parameters<typeof hostFilesFault>[0]) => hostFilesFault(cause, PHASE);
  const made = await hostFiles.makeDirectory(staging, { signal });
  if (made.isErr()) return err(fault(made.error));
  const list = await packList(snapshot);
  const partly = list === null ? null : await fromBase(ports, { snapshots, staging }, snapshot, call);
  const sent = partly ?? (await sendWhole(ports, staging, snapshot, call));
  if (sent.isErr()) return err(sent.error);
  const fingerprint = sent.value;
  if (list !== null) {
    const written = await hostFiles.writeFile(`${staging}/${SNAPSHOT_LIST}`, list, { signal });
    if (written.isErr()) return err(fault(written.error));
  }
  const marker: SnapshotMarker = {
    schema_version: 1,
    content_hash: snapshot.contentHash,
    file_count: snapshot.entries.length,
    total_bytes: snapshot.totalBytes,
    created_at: new Date(clock.now()).toISOString(),
    ...(fingerprint === null ? {} : { fingerprint }),
    ...(list === null ? {} : { sketch: snapshotSketch(snapshot.contents) }),
  };
  const bytes = Buffer.from(`${JSON.stringify(marker)}\n`);
  const written = await hostFiles.writeFile(`${staging}/${SNAPSHOT_MARKER}`, bytes, { signal });
  return written.mapErr(fault);
}

/** Null when the whole has to be sent. */
async function fromBase(
  ports: StageSnapshotPorts,
  { snapshots, staging }: Place,
  snapshot: WorkspaceSnapshot,
  { signal, onProgress }: StageCall,
): Promise<Result<string, JobFault> | null> {
  if (archiveBytes(snapshot) < LEAST_BYTES) return null;
  const base = await findBase(ports, snapshots, snapshot, signal);
  if (base === null) return null;
  const { sent, sentBytes } = base.plan;
  const totalBytes = archiveBytes({ entries: sent.entries, totalBytes: sentBytes });
  const told = (bytes: number) => onProgress({ bytes, totalBytes: Math.max(bytes, totalBytes) });
  const made = await makeFromBase(ports, { snapshots, staging, base, snapshot, signal, onProgress: told });
  if (made.isOk()) {
    onProgress({ bytes: totalBytes, totalBytes });
    return made;
  }
  // What has changed here meanwhile is no reason to send more of it.
  if (signal.aborted || made.error.kind === 'workspace') return made;
  for (const name of ['snapshot', 'times', 'times.seen']) {
    const removed = await ports.hostFiles.remove(`${staging}/${name}`, { recursive: true, signal });
    if (removed.isErr() && removed.error.kind !== 'not_found')
      return err(hostFilesFault(removed.error, PHASE));
  }
  return null;
}

/** Gives the fingerprint of what has arrived; null where the host cannot say it. */
async function sendWhole(
  { shell }: StageSnapshotPorts,
  staging: string,
  snapshot: WorkspaceSnapshot,
  { signal, onProgress }: StageCall,
): Promise<Result<string | null, JobFault>> {
  const totalBytes = archiveBytes(snapshot);
  const sent = await shell.uploadTree(
    {
      source: snapshot.root,
      ...(snapshot.gitDirectory === undefined ? {} : { gitDirectory: snapshot.gitDirectory }),
      entries: snapshot.entries,
      // What is there under this hash is there for every later run: just what was hashed may arrive.
      contents: snapshot.contents,
      destination: `${staging}/snapshot`,
      owner: { uid: GUEST_USER_ID, gid: GUEST_USER_ID },
      readableByAll: true,
      onProgress: (bytes) => onProgress({ bytes, totalBytes }),
    },
    { signal },
  );
  if (sent.isErr()) return err(hostFault(sent.error, PHASE));
  onProgress({ bytes: sent.value.bytes, totalBytes: sent.value.bytes });
  return ok(await snapshotFingerprint(shell, `${staging}/snapshot`, signal));
}
