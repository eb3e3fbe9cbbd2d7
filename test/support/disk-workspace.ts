import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

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
      options: { executable?: boolean } = {},
    ): Promise<void> {
      await clear(path);
      await writeFile(join(root, path), content);
      await chmod(join(root, path), options.executable === true ? 0o755 : 0o644);
    },
    async link(path: string, target: string): Promise<void> {
      await clear(path);
      await symlink(target, join(root, path));
    },
    remove: (path: string) => rm(join(root, path), { recursive: true, force: true }),
  };
}
