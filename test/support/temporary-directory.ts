import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A directory of the test's own, canonical, removed with all that is in it. */
export async function temporaryDirectory(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'pikaci-test-')));
  return {
    path,
    // A process that is being ended, such as tmux, may still make a file in it.
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true, maxRetries: 8, retryDelay: 50 }),
  };
}
