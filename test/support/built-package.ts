import { execFile } from 'node:child_process';
import { copyFile, cp } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './repository-root.js';
import { scratchDirectory } from './scratch-directory.js';

/** Beside `dist` in what is published, or needed to publish it. */
const BESIDE = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md'];

/** Runs what `npm run build` runs, into a directory of its own that has the repository's other files beside `dist`. */
export async function builtPackage(): Promise<{ readonly path: string } & AsyncDisposable> {
  const scratch = await scratchDirectory();
  const bundle = ['scripts/bundle.mjs', join(scratch.path, 'dist')];
  await promisify(execFile)(process.execPath, bundle, { cwd: repositoryRoot, timeout: 180_000 });
  for (const name of BESIDE) await copyFile(join(repositoryRoot, name), join(scratch.path, name));
  for (const name of ['guest', 'microvm'])
    await cp(join(repositoryRoot, name), join(scratch.path, name), { recursive: true });
  return scratch;
}
