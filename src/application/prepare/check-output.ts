import { err, ok, type Result } from 'neverthrow';
import type { PreparedOutput } from '../../domain/machine/machine-options.js';
import { planDeclaredMounts } from '../../domain/mounts/mount-plan.js';
import type { PayloadManifest } from '../../domain/mounts/payload-manifest.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { loadPayloadManifest } from '../mounts/load-prepared-output.js';
import { resolveMountSource } from '../mounts/resolve-mount-source.js';

/** Reads an output's manifest and holds it to the mount rules, links on the host included. Every job checks again what it mounts. */
export async function checkOutput(
  files: FileStore,
  output: PreparedOutput,
  signal: AbortSignal,
): Promise<Result<PayloadManifest, JobFault>> {
  const manifest = await loadPayloadManifest(files, output, signal);
  if (manifest.isErr()) return err(manifest.error);
  const declared = { devicePrefix: output.name, outputRoot: output.path, mounts: manifest.value.mounts };
  const planned = planDeclaredMounts([declared]);
  if (planned.isErr()) {
    const { message, field } = planned.error;
    const fault = { kind: 'payload_refused', phase: null, host: files.host, message, field } as const;
    return err({ ...fault, cause: planned.error });
  }
  for (const mount of planned.value) {
    const source = await resolveMountSource(files, mount, signal);
    if (source.isErr()) return err(source.error);
  }
  return ok(manifest.value);
}
