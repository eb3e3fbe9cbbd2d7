import { lstat, mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { ScanFault } from '../../ports/workspace-scanner.js';
import { nameBytes } from '../../streams/name-bytes.js';
import { gitAnswer, gitFields } from './git-answer.js';
import { type GitCopyWish, type GitFacts, gitFacts } from './git-facts.js';
import type { LeftOut } from './left-out.js';
import { NodeProcesses } from './node-processes.js';
import { ownHome } from './own-home.js';
import { madeScratchFolder } from './scratch-folder.js';

/** So many copies are kept, for later scans of the same history and for uploads under way. */
const KEPT = 4;
/** What the copy's index has in it must not depend on the user's settings. */
const SETTINGS = Object.entries({
  'core.splitIndex': 'false',
  'core.untrackedCache': 'false',
  'feature.manyFiles': 'false',
  'index.version': '2',
  'index.sparse': 'false',
  'index.skipHash': 'false',
  'pack.threads': '1',
  'pack.packSizeLimit': '0',
  'pack.writeReverseIndex': 'false',
});
/** One time for all that is made here: the time of the copying is no part of a workspace. */
const TIME = 1;

export interface GitCopyInput extends GitCopyWish {
  readonly leftOut: LeftOut;
  /** Milliseconds for packing the history. */
  readonly packTimeoutMs: number;
}

/**
 * Copies of the history of repositories, each a directory that can stand as the `.git` of a workspace: the commit that is checked out as
 * `HEAD`, its index, refs, and one pack of all that they need. Hooks, credentials, reflogs, stashes and most settings are not in it.
 * The user's own `.git` is read only. Disposing removes the copies.
 */
export class GitCopies implements AsyncDisposable {
  readonly #made = new Map<string, Promise<Result<Copy, ScanFault>>>();
  readonly #scratch: readonly string[];

  /** Where the copies are made: the first folder that can be. */
  constructor(scratch?: string) {
    this.#scratch = scratch === undefined ? [join(ownHome(), '.cache', 'pikaci'), tmpdir()] : [scratch];
  }

  /** Absolute path of the copy. It stays as it is. */
  async copy(input: GitCopyInput): Promise<Result<string, ScanFault>> {
    const facts = await gitFacts(input);
    if (facts.isErr()) return err(facts.error);
    const excluded = await excludedFiles(input, facts.value);
    if (excluded.isErr()) return err(excluded.error);
    const { directory, history } = input;
    const wanted = { ...facts.value, skipped: excluded.value };
    const key = JSON.stringify([directory, history, wanted]);
    for (;;) {
      const before = this.#made.get(key);
      if (before !== undefined) {
        const made = await before;
        if (made.isOk() && (await isThere(made.value.directory))) return ok(made.value.directory);
        if (this.#made.get(key) === before) this.#made.delete(key);
        continue;
      }
      const making = this.#make(wanted, input);
      this.#made.set(key, making);
      await this.#dropOld();
      const made = await making;
      if (made.isErr() && this.#made.get(key) === making) this.#made.delete(key);
      return made.map(({ directory }) => directory);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#made.values()];
    this.#made.clear();
    for (const made of all) await drop(await made);
  }

  async #dropOld(): Promise<void> {
    const [oldest] = this.#made;
    if (this.#made.size <= KEPT || oldest === undefined) return;
    this.#made.delete(oldest[0]);
    await drop(await oldest[1]);
  }

  async #make(facts: GitFacts, input: GitCopyInput): Promise<Result<Copy, ScanFault>> {
    let folder: string | null = null;
    for (const scratch of this.#scratch)
      folder ??= await madeScratchFolder(scratch, 'git', new NodeProcesses());
    if (folder === null) {
      const message = `no folder for workspace.git could be made in ${this.#scratch.join(' or ')}`;
      return err({ kind: 'unreadable', path: input.directory, message });
    }
    const directory = join(folder, '.git');
    const filled = await fill(directory, facts, input).catch((cause: unknown) =>
      err({
        kind: 'unreadable' as const,
        path: input.directory,
        message: `the history for workspace.git could not be written: ${String(cause)}`,
      }),
    );
    if (filled.isOk()) return ok({ folder, directory });
    await removed(folder);
    return err(filled.error);
  }
}

interface Copy {
  readonly folder: string;
  readonly directory: string;
}

async function drop(made: Result<Copy, ScanFault>): Promise<void> {
  if (made.isOk()) await removed(made.value.folder);
}

/** What cannot be removed is met again by a later process. */
async function removed(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true }).catch(() => undefined);
}

async function isThere(directory: string): Promise<boolean> {
  return lstat(join(directory, 'HEAD')).then(
    () => true,
    () => false,
  );
}

/** Tracked files that are no part of the workspace: git in the guest must not take them for deleted. */
async function excludedFiles(
  input: GitCopyInput,
  { head, skipped }: GitFacts,
): Promise<Result<readonly string[], ScanFault>> {
  if (head === null) return ok([]);
  const listed = await gitAnswer({ ...input, args: ['ls-tree', '-r', '-z', '--name-only', head.hash] });
  const sparse = new Set(skipped);
  return listed.map((text) =>
    gitFields(text ?? '').filter((path) => sparse.has(path) || input.leftOut.isOut(path)),
  );
}

async function fill(
  directory: string,
  facts: GitFacts,
  input: GitCopyInput,
): Promise<Result<void, ScanFault>> {
  const { head, refs } = facts;
  for (const below of ['objects/info', 'objects/pack', 'refs/heads'])
    await mkdir(join(directory, below), { recursive: true });
  const put = (name: string, text: string) => writeFile(join(directory, name), nameBytes(text));
  await put('HEAD', facts.headText);
  await put('config', facts.config);
  // Git knows a repository by its directories, and a snapshot has none that are empty.
  await put('refs/heads/.keep', '');
  await put('objects/info/packs', '\n');
  await put('packed-refs', refs.map(({ object, name }) => `${object} ${name}\n`).join(''));
  const alternates = join(directory, 'objects/info/alternates');
  await put('objects/info/alternates', `${quoted(facts.objects)}\n`);
  if (input.history === 'shallow' && head !== null) await put('shallow', `${head.hash}\n`);
  const run = async (args: readonly string[], lines: readonly string[] = []) => {
    const done = await gitAnswer({
      directory: dirname(directory),
      args: ['--git-dir', directory, ...args],
      stdin: lines.join(''),
      settings: SETTINGS,
      signal: input.signal,
      timeoutMs: input.packTimeoutMs,
    });
    return done.mapErr((fault) => ({
      ...fault,
      path: input.directory,
      message: `workspace.git: ${fault.message}`,
    }));
  };
  if (head !== null) {
    const objects = new Set([head.hash, ...refs.map(({ object }) => object)]);
    const pack = ['pack-objects', '--revs', '--quiet', '--delta-base-offset'];
    const packed = await run(
      [...pack, join(directory, 'objects/pack/pack')],
      [...objects].map((object) => `${object}\n`),
    );
    if (packed.isErr()) return err(packed.error);
  }
  const index = await run(['read-tree', head?.hash ?? '--empty']);
  if (index.isErr()) return err(index.error);
  if (facts.skipped.length > 0) {
    const skip = ['--work-tree', dirname(directory), 'update-index', '--skip-worktree', '-z', '--stdin'];
    const marked = await run(
      skip,
      facts.skipped.map((path) => `${path}\0`),
    );
    if (marked.isErr()) return err(marked.error);
  }
  await rm(alternates);
  for (const entry of await readdir(directory, { recursive: true }))
    await utimes(join(directory, entry), TIME, TIME);
  return ok(undefined);
}

/** As git reads it, whatever is in it. */
function quoted(path: string): string {
  const escaped = path.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n');
  return `"${escaped}"`;
}
