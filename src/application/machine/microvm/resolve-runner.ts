import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import { isNormalisedAbsolutePath } from '../../../domain/values/path-rules.js';
import type { JobFault } from '../../faults/job-fault.js';
import { hostFilesFault } from '../../faults/port-faults.js';
import { buildWithNix } from '../../nix/build-with-nix.js';
import type { MicrovmSettings, RunnerFlake } from '../../settings/microvm-settings.js';
import type { MicrovmHostPorts } from './microvm-host.js';
import { remoteLinuxVmPrepareArtifact } from './prepare-artifact.js';
import { type StagedFlake, stagedFlake } from './runner-flake.js';
import type { RunnerShape } from './runner-shape.js';

const PHASE = 'prepare_runtime';
const METADATA = 'pikaci-runner.json';

/** Beside the flake: what was built of it. */
const runnerMetadataSchema = z.looseObject({
  schema_version: z.literal(1),
  content_hash: z.string(),
  installable: z.string(),
  store_path: z.string().refine(isNormalisedAbsolutePath),
});

interface RunnerParts extends MicrovmHostPorts {
  readonly settings: Pick<MicrovmSettings, 'runner' | 'flake'>;
}

/** The runner directory on the host: the configured one, or one that is built there for this shape and kept. */
export async function resolveRunner(
  parts: RunnerParts,
  context: RemoteMicrovmContext,
  shape: RunnerShape,
  signal: AbortSignal,
): Promise<Result<string, JobFault>> {
  const { hostFiles, settings } = parts;
  const fault = (kind: JobFault['kind'], message: string, field?: string): JobFault => ({
    kind,
    phase: PHASE,
    host: hostFiles.host,
    message,
    ...(field === undefined ? {} : { field }),
  });
  if (remoteLinuxVmPrepareArtifact(context, settings, shape) !== null && settings.flake !== null)
    return buildRunner(parts, settings.flake, context, shape, signal);
  if (settings.runner === null) {
    const message =
      'the configuration names no runner: set "microvm.runner" to a directory on the host with bin/microvm-run, or "microvm.flake"';
    return err(fault('runner_missing', message, 'microvm.runner'));
  }
  const program = `${settings.runner}/bin/microvm-run`;
  const there = await hostFiles.stat(program, { signal });
  if (there.isOk() && there.value.type === 'file') return ok(settings.runner);
  if (there.isErr() && !['not_found', 'not_a_directory'].includes(there.error.kind))
    return err(hostFilesFault(there.error, PHASE));
  const message = `the runner ${settings.runner} has no program bin/microvm-run on ${hostFiles.host}: set "microvm.runner" to a directory that has`;
  return err(fault('runner_missing', message, 'microvm.runner'));
}

async function buildRunner(
  parts: RunnerParts,
  flake: RunnerFlake,
  context: RemoteMicrovmContext,
  shape: RunnerShape,
  signal: AbortSignal,
): Promise<Result<string, JobFault>> {
  const { hostFiles, shell } = parts;
  const staged = stagedFlake(context.shared.remoteWorkDir, flake, shape);
  const known = await builtBefore(parts, staged, signal);
  if (known.isErr()) return err(known.error);
  if (known.value !== null) return ok(known.value);
  const made = await hostFiles.makeDirectory(staged.directory, { signal });
  const written = made.isErr()
    ? made
    : await hostFiles.writeFile(`${staged.directory}/flake.nix`, Buffer.from(staged.text), { signal });
  if (written.isErr()) return err(hostFilesFault(written.error, PHASE));
  const built = await buildWithNix(
    shell,
    { ...flake, output: 'out', installable: staged.installable, link: `${staged.directory}/runner` },
    {
      purpose: 'nix build of the microVM runner',
      timeoutSecs: flake.timeoutSecs,
      signal,
    },
  );
  if (built.isErr()) return err({ ...built.error, phase: PHASE });
  const metadata = {
    schema_version: 1,
    content_hash: staged.contentHash,
    installable: staged.installable,
    store_path: built.value,
  };
  const bytes = Buffer.from(`${JSON.stringify(metadata)}\n`);
  const kept = await hostFiles.writeFile(`${staged.directory}/${METADATA}`, bytes, { signal });
  return kept.map(() => built.value).mapErr((fault) => hostFilesFault(fault, PHASE));
}

/** What was built of this flake, if it is still in the store. Metadata that speaks of another flake is refused, never guessed around. */
async function builtBefore(
  { hostFiles }: RunnerParts,
  staged: StagedFlake,
  signal: AbortSignal,
): Promise<Result<string | null, JobFault>> {
  const path = `${staged.directory}/${METADATA}`;
  const bytes = await hostFiles.readFile(path, { signal, maxBytes: 64 * 1024 });
  if (bytes.isErr())
    return bytes.error.kind === 'not_found' ? ok(null) : err(hostFilesFault(bytes.error, PHASE));
  const refused = (problem: string): JobFault => ({
    kind: 'runner_refused',
    phase: PHASE,
    host: hostFiles.host,
    message: `${path} ${problem}; remove ${staged.directory} on ${hostFiles.host} to have the runner built again`,
  });
  const metadata = runnerMetadataSchema.safeParse(parseJson(bytes.value));
  if (!metadata.success) return err(refused('cannot be read'));
  const { content_hash: hash, installable, store_path: store } = metadata.data;
  if (hash !== staged.contentHash)
    return err(refused(`was made for the flake ${hash}, not for ${staged.contentHash}`));
  if (installable !== staged.installable) return err(refused(`was made for ${installable}`));
  const text = await hostFiles.readFile(`${staged.directory}/flake.nix`, { signal, maxBytes: 1024 * 1024 });
  if (text.isOk() && Buffer.from(text.value).toString('utf8') !== staged.text)
    return err(refused('stands beside a flake of another content than its name says'));
  const there = await hostFiles.stat(`${store}/bin/microvm-run`, { signal });
  // Collected as garbage meanwhile: it is built again.
  if (there.isErr())
    return there.error.kind === 'not_found' ? ok(null) : err(hostFilesFault(there.error, PHASE));
  return ok(store);
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
