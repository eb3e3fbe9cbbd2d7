import { err, ok, Result } from 'neverthrow';
import type { PreparedOutput } from '../../domain/machine/machine-options.js';
import { artifactsMounts, type StagedArtifacts } from '../../domain/mounts/artifacts-mount.js';
import {
  type DeclaredMounts,
  type PlannedMount,
  planDeclaredMounts,
} from '../../domain/mounts/mount-plan.js';
import { SNAPSHOT_DEVICE_PREFIX, snapshotMountRecord } from '../../domain/mounts/snapshot-mount.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { loadPreparedOutput } from './load-prepared-output.js';
import { resolveMountSource } from './resolve-mount-source.js';

/** A declared mount whose source has been looked up on the host: a real path within its output root. */
export interface ResolvedMount {
  readonly mount: PlannedMount;
  readonly source: string;
}

export interface WantedMounts {
  readonly preparedOutputs: readonly PreparedOutput[];
  readonly artifactsFrom: readonly StagedArtifacts[];
  readonly snapshotDir: string | null;
}

/** Reads the manifests, plans every mount (the snapshot among them), and looks where their sources lie. The same for every backend. */
export async function resolveMounts(
  files: FileStore,
  wanted: WantedMounts,
  signal: AbortSignal,
): Promise<Result<ResolvedMount[], JobFault>> {
  const declared = Result.combine(
    await Promise.all(wanted.preparedOutputs.map((output) => loadPreparedOutput(files, output, signal))),
  );
  if (declared.isErr()) return err(declared.error);
  const planned = planDeclaredMounts([
    ...(wanted.snapshotDir === null ? [] : [snapshotMounts(wanted.snapshotDir)]),
    ...wanted.artifactsFrom.map(artifactsMounts),
    ...declared.value,
  ]);
  if (planned.isErr()) {
    const { message, field } = planned.error;
    const cause = planned.error;
    return err({
      kind: 'payload_refused',
      phase: 'prepare_runtime',
      host: files.host,
      message,
      field,
      cause,
    });
  }
  const mounts = planned.value;
  const sources = Result.combine(
    await Promise.all(mounts.map((mount) => resolveMountSource(files, mount, signal))),
  );
  if (sources.isErr()) return err(sources.error);
  return ok(mounts.map((mount, index) => ({ mount, source: sources.value[index] ?? mount.sourcePath })));
}

/** The workspace as one more declared mount. */
function snapshotMounts(snapshotDir: string): DeclaredMounts {
  return {
    devicePrefix: SNAPSHOT_DEVICE_PREFIX,
    outputRoot: snapshotDir,
    mounts: [snapshotMountRecord()],
  };
}
