import { err, ok, type Result } from 'neverthrow';
import { physicalPath } from '../../domain/values/nix-store.js';
import { joinBelow } from '../../domain/values/path-rules.js';
import { type RunCommandOptions, runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';
import { buildWithNix, type NixBuildConfig } from '../nix/build-with-nix.js';
import { addNixRoot, storeOf } from '../nix/nix-root.js';
import { orFullDisk } from './or-full-disk.js';
import type { MadeOutput, PrepareCall, PreparePorts } from './prepare-call.js';

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
  const options: RunCommandOptions = {
    purpose: `nix build of ${node.id}`,
    timeoutSecs: node.timeoutSecs,
    signal: call.signal,
    onOutput: call.onOutput,
  };
  const root = await call.gcRoot();
  if (root.isErr()) return err(root.error);
  // On the host the build itself makes the root, so there is no moment at which what was built could be collected.
  const link = local ? null : root.value;
  // Nix would write a lock file that is missing, into the snapshot that is every later run's.
  const unlocked = !local && isRelative(node.installable) ? ['--no-write-lock-file'] : [];
  const build = { ...node, installable, link, options: [...unlocked, ...node.options] };
  const path = await buildWithNix(shell, build, options);
  if (path.isErr()) {
    if (local) return err(path.error);
    const paths = ['/nix/store', call.workDir];
    return err(await orFullDisk(ports, path.error, { signal: call.signal, paths }));
  }
  if (local && node.copyTo !== undefined) {
    const argv = [node.binary, ...node.flags, 'copy', ...storeOf(node), '--to', node.copyTo, path.value];
    const purpose = `nix copy of ${node.id}`;
    const copied = await runCommand(
      ports.localShell,
      { argv: argv as [string, ...string[]] },
      { ...options, purpose, keepStdout: false, failure: 'prepare_failed' },
    );
    if (copied.isErr()) return err(copied.error);
  }
  if (local) {
    const { binary, flags } = node;
    const store = node.copyTo === undefined ? node.store : undefined;
    const added = await addNixRoot(
      ports.shell,
      { binary, flags, store, storePath: path.value, link: root.value },
      { ...options, purpose: `garbage-collection root of ${node.id}` },
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
