import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { runGit } from './git-process.js';
import { NodeProcesses } from './node-processes.js';
import { madeScratchFolder } from './scratch-folder.js';

const TIMEOUT_MS = 15 * 60_000;

export interface CheckOut {
  readonly url: string;
  /** What the commit is found by where it cannot be asked for itself. */
  readonly ref: string;
  /** The whole hash. */
  readonly commit: string;
  readonly scratch: string;
  readonly signal?: AbortSignal | undefined;
}

/** LFS would fetch by what the commit says. Where it is installed it is required as well, and the commit could not be had without. */
const NO_FILTERS = ['smudge=', 'process=', 'required=false'].flatMap((text) => ['-c', `filter.lfs.${text}`]);
const TRANSPORTS = ['https', 'http', 'ssh', 'file'].flatMap((name) => [
  '-c',
  `protocol.${name}.allow=always`,
]);

/**
 * A fresh clone with one commit checked out, until it is disposed of: no hooks, no templates, no submodules, and no filters but the user's own, without LFS. The
 * error is a sentence.
 */
export async function checkOut({
  url,
  ref,
  commit,
  scratch,
  signal,
}: CheckOut): Promise<Result<AsyncDisposable & { readonly directory: string }, string>> {
  const made = await madeScratchFolder(scratch, 'hook', new NodeProcesses());
  if (made === null) return err(`no folder could be made in ${scratch}`);
  const remove = () => rm(made, { recursive: true, force: true });
  const directory = join(made, 'tree');
  await mkdir(directory);
  const git = async (args: readonly string[]): Promise<string | null> => {
    const ran = await runGit({ cwd: directory, args, timeoutMs: TIMEOUT_MS, signal });
    if (ran.isErr()) return ran.error.message;
    return ran.value.code === 0 ? null : ran.value.stderr.trim() || `git ended with ${ran.value.code}`;
  };
  const fetch = (depth: readonly string[], what: string) =>
    git([
      ...TRANSPORTS,
      'fetch',
      '--quiet',
      '--no-tags',
      '--no-recurse-submodules',
      ...depth,
      '--end-of-options',
      url,
      what,
    ]);
  const clone = async (): Promise<string | null> => {
    const begun = await git(['init', '--quiet', '--template=', '.']);
    if (begun !== null) return begun;
    // Not every server gives a commit by its name.
    const one = await fetch(['--depth=1'], commit);
    if (one !== null) {
      const all = await fetch([], `+${ref}:refs/pikaci/fetched`);
      if (all !== null) return all;
    }
    return git([...NO_FILTERS, 'checkout', '--quiet', '--detach', commit]);
  };
  const problem = await clone();
  if (problem === null) return ok({ directory, [Symbol.asyncDispose]: remove });
  await remove();
  return err(`the commit ${commit} of ${ref} could not be had from ${url}: ${problem}`);
}
