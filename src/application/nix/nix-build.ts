import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { PrepareConfig } from '../../domain/target/target-config.js';
import { physicalPath } from '../../domain/values/nix-store.js';
import { isNormalisedAbsolutePath, joinBelow } from '../../domain/values/path-rules.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { runToEnd, type ToEnd } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';
import type { MadeOutput, PrepareCall, PreparePorts } from '../prepare/prepare-call.js';
import { addNixRoot, storeOf } from './nix-root.js';

export type NixBuildConfig = Extract<PrepareConfig, { type: 'nixBuild' }>;

/** `nix build --json`: seen with 2.8 and the same in newer versions, which add keys. */
const buildsSchema = z
  .array(z.looseObject({ outputs: z.record(z.string(), z.string().refine(isNormalisedAbsolutePath)) }))
  .min(1);

/** Builds with Nix on the host, or on this machine and then copies what was built to the host's store. */
export async function nixBuild(
  ports: PreparePorts,
  node: NixBuildConfig,
  call: PrepareCall,
): Promise<Result<MadeOutput, JobFault>> {
  const workspace = await workspaceRoot(node, call);
  if (workspace.isErr()) return err(workspace.error);
  const installable = absoluteInstallable(node.installable, workspace.value);
  const local = node.where === 'local';
  const shell = local ? ports.localShell : ports.shell;
  const call_: ToEnd = {
    purpose: `nix build of ${node.id}`,
    timeoutSecs: node.timeoutSecs,
    signal: call.signal,
    onOutput: call.onOutput,
  };
  const root = await call.gcRoot();
  if (root.isErr()) return err(root.error);
  // On the host the build itself makes the root, so there is no moment at which what was built could be collected.
  const link = local ? null : root.value;
  const path = await buildWithNix(shell, { ...node, installable, link }, call_);
  if (path.isErr()) return err(path.error);
  if (local && node.copyTo !== undefined) {
    const argv = [node.binary, ...node.flags, 'copy', ...storeOf(node), '--to', node.copyTo, path.value];
    const purpose = `nix copy of ${node.id}`;
    const copied = await runToEnd(
      ports.localShell,
      { argv: argv as [string, ...string[]] },
      { ...call_, purpose },
    );
    if (copied.isErr()) return err(copied.error);
  }
  if (local) {
    const { binary, flags } = node;
    const store = node.copyTo === undefined ? node.store : undefined;
    const added = await addNixRoot(
      ports.shell,
      { binary, flags, store, storePath: path.value, link: root.value },
      { ...call_, purpose: `garbage-collection root of ${node.id}` },
    );
    if (added.isErr()) return err(added.error);
  }
  return ok({
    installable,
    outputName: node.outputName ?? attributeOf(node.installable),
    protocol: 'nix_store_path_v1',
    residency: local ? 'local_authoritative' : 'remote_authoritative',
    path: local ? path.value : physicalPath(node.store, path.value),
    cached: false,
  });
}

export interface NixBuild
  extends Pick<NixBuildConfig, 'binary' | 'flags' | 'options' | 'store' | 'output' | 'installable'> {
  /** Where the garbage-collection root is made; none with null. */
  readonly link: string | null;
}

/** The store path of one output of an installable that is absolute. */
export async function buildWithNix(
  shell: RemoteShell,
  node: NixBuild,
  call: ToEnd,
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
  const built = await runToEnd(shell, { argv }, call);
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

/** Null where the installable does not speak of the workspace. */
async function workspaceRoot(
  node: NixBuildConfig,
  call: PrepareCall,
): Promise<Result<string | null, JobFault>> {
  if (!isRelative(node.installable)) return ok(null);
  if (node.where === 'local') return ok(call.workspace);
  const staged = await call.staged();
  return staged.map(({ snapshotDir }) => snapshotDir);
}

const isRelative = (installable: string) => /^(?:path:)?\.(?:\/|#|$)/.test(installable);

/** `path:` because the snapshot is no git work tree, and what git ignores is not in it anyway. */
function absoluteInstallable(installable: string, root: string | null): string {
  if (root === null) return installable;
  const [, below = '', attribute = ''] = /^(?:path:)?\.(\/[^#]*)?(#.*)?$/.exec(installable) ?? [];
  return `path:${joinBelow(root, below)}${attribute}`;
}

function attributeOf(installable: string): string {
  const hash = installable.indexOf('#');
  return hash === -1 || hash === installable.length - 1 ? installable : installable.slice(hash + 1);
}
