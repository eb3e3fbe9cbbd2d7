import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { PrepareConfig } from '../../domain/target/target-config.js';
import { isNormalisedAbsolutePath } from '../../domain/values/path-rules.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { type RunCommandOptions, runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';
import { storeOf } from './nix-root.js';

export type NixBuildConfig = Extract<PrepareConfig, { type: 'nixBuild' }>;

/** `nix build --json`: seen with 2.8 and the same in newer versions, which add keys. */
const buildsSchema = z
  .array(z.looseObject({ outputs: z.record(z.string(), z.string().refine(isNormalisedAbsolutePath)) }))
  .min(1);

export interface NixBuild
  extends Pick<NixBuildConfig, 'binary' | 'flags' | 'options' | 'store' | 'output' | 'installable'> {
  /** Where the garbage-collection root is made; none with null. */
  readonly link: string | null;
}

/** The store path of one output of an installable that is absolute. */
export async function buildWithNix(
  shell: RemoteShell,
  node: NixBuild,
  call: RunCommandOptions,
): Promise<Result<string, JobFault>> {
  const argv: [string, ...string[]] = [
    node.binary,
    ...node.flags,
    'build',
    ...(node.link === null ? ['--no-link'] : ['--out-link', node.link]),
    '--json',
    ...storeOf(node),
    node.installable,
    ...node.options,
  ];
  const built = await runCommand(shell, { argv }, { ...call, failure: 'prepare_failed' });
  if (built.isErr()) return err(built.error);
  const path = outputPath(built.value, node.output);
  return path.mapErr((problem) => ({
    kind: 'prepare_failed',
    phase: null,
    host: shell.host,
    message: `${call.purpose}: ${problem}`,
  }));
}

function outputPath(stdout: Uint8Array, output: string): Result<string, string> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(stdout).toString('utf8'));
  } catch {
    return err('printed no JSON; "nix build --json" is what is expected of the binary');
  }
  const builds = buildsSchema.safeParse(json);
  if (!builds.success) return err('printed JSON of another form than "nix build --json"');
  const outputs = builds.data[0]?.outputs ?? {};
  const path = Object.hasOwn(outputs, output) ? outputs[output] : undefined;
  return path === undefined
    ? err(`has no output "${output}"; it has ${Object.keys(outputs).join(', ') || 'none'}`)
    : ok(path);
}
