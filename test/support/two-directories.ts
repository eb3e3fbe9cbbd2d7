import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Two empty directories of this machine, one of which plays the host's. */
export async function twoDirectories() {
  const make = async (name: string) => realpath(await mkdtemp(join(tmpdir(), `pikaci-${name}-`)));
  const [remote, local] = [await make('remote'), await make('local')];
  return {
    remote,
    local,
    [Symbol.asyncDispose]: async () => {
      await rm(remote, { recursive: true, force: true });
      await rm(local, { recursive: true, force: true });
    },
  };
}
