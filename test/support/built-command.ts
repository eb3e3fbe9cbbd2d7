import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { quoteWords } from '../../src/domain/values/shell-words.js';
import { builtPackage } from './built-package.js';

/** A build of the command line, and a folder for `PATH` that has `pikaci`. */
export async function builtCommand(): Promise<
  { readonly path: string; readonly folder: string } & AsyncDisposable
> {
  const built = await builtPackage();
  const folder = join(built.path, 'programs');
  await mkdir(folder);
  const path = join(folder, 'pikaci');
  await writeFile(
    path,
    `#!/bin/sh\nexec ${quoteWords([process.execPath, join(built.path, 'dist/bin.js')])} "$@"\n`,
  );
  await chmod(path, 0o755);
  return { path, folder, [Symbol.asyncDispose]: () => built[Symbol.asyncDispose]() };
}
