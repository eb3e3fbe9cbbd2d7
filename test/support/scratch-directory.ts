import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { repositoryRoot } from './repository-root.js';

/** A directory inside the repository (ignored by git), from where packages resolve as they do for `src/`. */
export async function scratchDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  await mkdir(join(repositoryRoot, 'test-results'), { recursive: true });
  const path = await mkdtemp(join(repositoryRoot, 'test-results/scratch-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}
