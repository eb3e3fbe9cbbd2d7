import type { Result } from 'neverthrow';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { type RunCommandOptions, runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';

export interface NixRoot {
  readonly binary: string;
  /** Between the binary and `build`. */
  readonly flags: readonly string[];
  readonly store: string | undefined;
  /** As Nix calls it: `/nix/store/…`. */
  readonly storePath: string;
  /** Where the link is made; its directory is there. */
  readonly link: string;
}

/**
 * Makes an indirect garbage-collection root for a path that is in the store: a link that Nix knows of, and forgets when the link
 * is gone. `nix build` of a store path builds nothing; offline, because a path that is not there must not be fetched from
 * anywhere.
 */
export async function addNixRoot(
  shell: RemoteShell,
  { binary, flags, store, storePath, link }: NixRoot,
  call: RunCommandOptions,
): Promise<Result<void, JobFault>> {
  const argv: [string, ...string[]] = [
    binary,
    ...flags,
    'build',
    '--offline',
    '--out-link',
    link,
    ...storeOf({ store }),
    storePath,
  ];
  const made = await runCommand(shell, { argv }, { ...call, keepStdout: false, failure: 'prepare_failed' });
  return made.map(() => undefined);
}

export function storeOf({ store }: { readonly store?: string | undefined }): readonly string[] {
  return store === undefined ? [] : ['--store', store];
}
