import { execFile } from 'node:child_process';
import { mkdir, readFile, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { repositoryRoot } from './repository-root.js';
import { temporaryDirectory } from './temporary-directory.js';

const packedSchema = z.tuple([
  z.object({ filename: z.string(), files: z.array(z.object({ path: z.string() })) }),
]);
const manifestSchema = z.object({ dependencies: z.record(z.string(), z.string()) });

export interface InstalledPackage extends AsyncDisposable {
  /** A folder outside the repository; its node_modules has the package and its dependencies, and nothing else. */
  readonly path: string;
  /** What was packed, relative to the package. */
  readonly files: readonly string[];
}

/**
 * Packs a built package as `npm publish` does and unpacks it where somebody would install it. Its dependencies are the repository's,
 * each by a link: what the package does not declare, it does not find.
 */
export async function installedPackage(built: string): Promise<InstalledPackage> {
  const directory = await temporaryDirectory();
  const { path } = directory;
  const run = (file: string, ...args: readonly string[]) =>
    promisify(execFile)(file, args, { cwd: built, timeout: 60_000 });
  const { stdout } = await run('npm', 'pack', '--json', '--ignore-scripts', '--pack-destination', path);
  const [{ filename, files }] = packedSchema.parse(JSON.parse(stdout));
  const modules = join(path, 'node_modules');
  const installed = join(modules, 'pikaci');
  await mkdir(installed, { recursive: true });
  await run('tar', '-x', '-f', join(path, filename), '-C', installed, '--strip-components=1');
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  for (const name of Object.keys(manifestSchema.parse(manifest).dependencies)) {
    await mkdir(dirname(join(modules, name)), { recursive: true });
    await symlink(join(repositoryRoot, 'node_modules', name), join(modules, name));
  }
  return { ...directory, files: files.map((file) => file.path) };
}
