import { execFile } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './repository-root.js';

/** The command line as it is shipped; `freshBuild` sees to it that it is there. */
export const builtCommand = join(repositoryRoot, 'dist/bin.js');

/** Runs `npm run build` unless `dist` is newer than all that it is made from. */
export async function freshBuild(): Promise<void> {
  const built = await newest('dist/index.js').catch(() => 0);
  const sources = await Promise.all(
    ['src', 'scripts/bundle.mjs', 'package.json', 'tsconfig.json', 'tsconfig.build.json'].map(newest),
  );
  if (built > Math.max(...sources)) return;
  await promisify(execFile)('npm', ['run', 'build'], { cwd: repositoryRoot, timeout: 180_000 });
}

/** Modification time, ms since the epoch: the latest of a file or of all below a directory. */
async function newest(path: string): Promise<number> {
  const absolute = join(repositoryRoot, path);
  const here = await stat(absolute);
  if (!here.isDirectory()) return here.mtimeMs;
  const below = await Promise.all((await readdir(absolute)).map((name) => newest(join(path, name))));
  return Math.max(here.mtimeMs, ...below);
}
