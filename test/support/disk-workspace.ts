import { execFile } from 'node:child_process';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

/** Writes into a directory on disk, making parents and replacing what is there. */
export function diskWorkspace(root: string) {
  const clear = async (path: string) => {
    await rm(join(root, path), { recursive: true, force: true });
    await mkdir(dirname(join(root, path)), { recursive: true });
  };
  return {
    async write(
      path: string,
      content: string | Uint8Array,
      options: { executable?: boolean; mtimeNs?: string } = {},
    ): Promise<void> {
      await clear(path);
      await writeFile(join(root, path), content);
      await chmod(join(root, path), options.executable === true ? 0o755 : 0o644);
      if (options.mtimeNs !== undefined) await setTime(join(root, path), options.mtimeNs);
    },
    async link(path: string, target: string): Promise<void> {
      await clear(path);
      await symlink(target, join(root, path));
    },
    remove: (path: string) => rm(join(root, path), { recursive: true, force: true }),
  };
}

/** With `touch`: `utimes` takes seconds as a floating-point number. */
export async function setTime(path: string, mtimeNs: string): Promise<void> {
  const [seconds, fraction] = [mtimeNs.slice(0, -9), mtimeNs.slice(-9)];
  await promisify(execFile)('touch', ['-d', `@${seconds}.${fraction}`, path]);
}
