import { createHash } from 'node:crypto';
import type { MemoryFileStore } from './memory-file-store.js';
import type { MemoryHandler, MemoryRun } from './memory-handler.js';

/** The host's `id -u`, which is root's, and `uname -m`; its `chmod -R`; its `du -sk` and `rm -rf`, as eviction calls them, and the reading of an output's content: scripts that are given paths. Sizes are those of the files, in KiB, rounded up. */
export function diskTools(files: MemoryFileStore): MemoryHandler {
  return (run) => {
    const [shell, flag, script = '', , ...paths] = run.command.argv;
    // There are no users here who could not read something.
    if (shell === 'chmod' && flag === '-R') return 0;
    if (shell === 'cp' && flag === '-a') return copyTree(files, run.command.argv.slice(-2), run);
    if (shell === 'id' && flag === '-u') {
      run.write('stdout', '0\n');
      return 0;
    }
    if (shell === 'uname' && flag === '-m') {
      run.write('stdout', 'x86_64\n');
      return 0;
    }
    if (shell !== 'sh' || flag !== '-c') return undefined;
    if (script.startsWith('du -sk ')) return measure(files, paths, run);
    if (script.startsWith('cd -- "$1" && list=')) return digest(files, paths[0] ?? '', run);
    if (script.startsWith('cd -- "$1/."')) return digest(files, paths[0] ?? '', run);
    if (script.startsWith('rm -rf ')) return removeAll(files, paths, run);
    return undefined;
  };
}

async function copyTree(
  files: MemoryFileStore,
  [from = '', to = '']: readonly string[],
  run: MemoryRun,
): Promise<number> {
  const stat = await files.lstat(from);
  if (stat.isErr()) {
    run.write('stderr', `cp: ${stat.error.message}\n`);
    return 1;
  }
  const { type, mode } = stat.value;
  if (type === 'symlink') files.link((await files.readlink(from)).unwrapOr(''), to);
  else if (type === 'file')
    await files.writeFile(to, (await files.readFile(from)).unwrapOr(new Uint8Array()), { mode });
  else {
    await files.makeDirectory(to, { mode });
    for (const { name } of (await files.list(from)).unwrapOr([]))
      await copyTree(files, [`${from}/${name}`, `${to}/${name}`], run);
  }
  return 0;
}

async function measure(files: MemoryFileStore, paths: readonly string[], run: MemoryRun): Promise<number> {
  for (const path of paths) {
    const bytes = await sizeOf(files, path);
    if (bytes !== null) run.write('stdout', `${Math.ceil(bytes / 1024)}\t${path}\n`);
  }
  return 0;
}

async function sizeOf(files: MemoryFileStore, path: string): Promise<number | null> {
  const stat = await files.lstat(path);
  if (stat.isErr()) return null;
  if (stat.value.type !== 'directory') return stat.value.size;
  const listed = await files.list(path);
  const names = listed.isOk() ? listed.value.map(({ name }) => name) : [];
  const sizes = await Promise.all(names.map((name) => sizeOf(files, `${path}/${name}`)));
  return sizes.reduce((sum: number, size) => sum + (size ?? 0), 0);
}

async function removeAll(files: MemoryFileStore, paths: readonly string[], run: MemoryRun): Promise<number> {
  for (const path of paths) {
    const removed = await files.remove(path, { recursive: true });
    if (removed.isErr()) {
      run.write('stderr', `rm: ${removed.error.message}\n`);
      return 1;
    }
  }
  return 0;
}

async function digest(files: MemoryFileStore, root: string, run: MemoryRun): Promise<number> {
  const hash = createHash('sha256');
  const read = async (path: string): Promise<void> => {
    const stat = (await files.lstat(path)).unwrapOr(null);
    hash.update(`${stat?.type} ${stat?.mode} ${path.slice(root.length)}\0`);
    if (stat?.type === 'directory')
      for (const { name } of (await files.list(path)).unwrapOr([])) await read(`${path}/${name}`);
    else if (stat?.type === 'symlink') hash.update((await files.readlink(path)).unwrapOr(''));
    else hash.update((await files.readFile(path)).unwrapOr(new Uint8Array()));
  };
  await read(root);
  run.write('stdout', `${hash.digest('hex')}\n`);
  return 0;
}
