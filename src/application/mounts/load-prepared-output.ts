import { err, ok, type Result } from 'neverthrow';
import type { PreparedOutput } from '../../domain/machine/machine-options.js';
import type { DeclaredMounts } from '../../domain/mounts/mount-plan.js';
import {
  PAYLOAD_MANIFEST_PATH,
  type PayloadManifest,
  payloadManifestSchema,
} from '../../domain/mounts/payload-manifest.js';
import type { FileStore } from '../../ports/file-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';

const PHASE = 'prepare_runtime';
const LARGEST_MANIFEST = 1024 * 1024;

/** What a prepared output on the host asks to be mounted. Nothing in it has been checked against the mount rules yet. */
export async function loadPreparedOutput(
  files: FileStore,
  output: PreparedOutput,
  signal: AbortSignal,
): Promise<Result<DeclaredMounts, JobFault>> {
  const manifest = await loadPayloadManifest(files, output, signal);
  return manifest.map(({ mounts }) => ({ devicePrefix: output.name, outputRoot: output.path, mounts }));
}

/** Reads what a prepared output on the host says of itself. */
export async function loadPayloadManifest(
  files: FileStore,
  output: PreparedOutput,
  signal: AbortSignal,
): Promise<Result<PayloadManifest, JobFault>> {
  const path = `${output.path}/${PAYLOAD_MANIFEST_PATH}`;
  const invalid = (problem: string): JobFault => ({
    kind: 'manifest_invalid',
    phase: PHASE,
    host: files.host,
    message: `the payload manifest ${path} of the prepared output "${output.name}" ${problem}`,
  });
  const bytes = await files.readFile(path, { signal, maxBytes: LARGEST_MANIFEST });
  if (bytes.isErr()) {
    const fault = bytes.error;
    if (fault.kind === 'not_found' || fault.kind === 'not_a_directory') {
      const message = `the prepared output "${output.name}" has no payload manifest: ${path} does not exist on ${files.host}`;
      return err({ kind: 'manifest_missing', phase: PHASE, host: files.host, message, cause: fault });
    }
    if (fault.kind === 'too_large') return err(invalid(`has more than ${LARGEST_MANIFEST} bytes`));
    if (fault.kind === 'is_a_directory') return err(invalid('is a directory'));
    return err(hostFilesFault(fault, PHASE));
  }
  const json = parseJson(bytes.value);
  if (json.isErr()) return err(invalid(json.error));
  const manifest = payloadManifestSchema.safeParse(json.value);
  if (!manifest.success) {
    const [issue] = manifest.error.issues;
    return err(
      invalid(`does not match its schema: ${issue?.path.join('.') || 'the document'}: ${issue?.message}`),
    );
  }
  return ok(manifest.data);
}

function parseJson(bytes: Uint8Array): Result<unknown, string> {
  try {
    return ok(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
  } catch {
    return err('is not UTF-8 JSON');
  }
}
