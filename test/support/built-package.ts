import { execFile } from 'node:child_process';
import { copyFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './repository-root.js';
import { scratchDirectory } from './scratch-directory.js';

/** Runs what `npm run build` runs, into a directory of its own that has the repository's other files beside `dist`. */
export async function builtPackage(): Promise<{ readonly path: string } & AsyncDisposable> {
  const scratch = await scratchDirectory();
  const dist = join(scratch.path, 'dist');
  const node = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, [...args], { cwd: repositoryRoot, timeout: 180_000 });
  await node('node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', dist);
  await node('scripts/write-config-schema.mjs', dist);
  await copyFile(join(repositoryRoot, 'package.json'), join(scratch.path, 'package.json'));
  for (const name of ['guest', 'microvm', 'CHANGELOG.md'])
    await symlink(join(repositoryRoot, name), join(scratch.path, name));
  return scratch;
}
