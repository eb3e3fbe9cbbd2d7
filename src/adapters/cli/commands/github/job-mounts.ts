import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { GithubConfig } from '../../../../domain/config/github-config.js';
import type { HostDirectory } from '../../../../domain/machine/host-directory.js';
import { isWithin } from '../../../../domain/values/path-rules.js';
import type { Volume } from './hook-call.js';

/** The runner asks for it in every job; it would hand the host over. */
const DOCKER_SOCKET = '/var/run/docker.sock';

/**
 * The runner's directories that a job's machine gets, and those that its workflow asks for. One that lies in another as it does on the host is
 * there already.
 */
export function jobMounts(
  { system, user }: { readonly system: readonly Volume[]; readonly user: readonly Volume[] },
  { volumes: allowed }: Pick<GithubConfig, 'volumes'>,
): Result<readonly HostDirectory[], string> {
  const mounts: HostDirectory[] = [];
  for (const volume of user) {
    const { sourceVolumePath } = volume;
    if (sourceVolumePath !== null && allowed.includes(sourceVolumePath)) continue;
    const shown = JSON.stringify(`${sourceVolumePath ?? ''}:${volume.targetVolumePath}`);
    return err(
      `the job's container asks for the volume ${shown}, and "github.volumes" of the configuration does not have that directory`,
    );
  }
  const wanted = [...system, ...user]
    .filter(({ sourceVolumePath }) => sourceVolumePath !== null && sourceVolumePath !== DOCKER_SOCKET)
    .map(({ sourceVolumePath, targetVolumePath, readOnly }) => ({
      source: withoutSlash(posix.normalize(sourceVolumePath ?? '')),
      path: withoutSlash(posix.normalize(targetVolumePath)),
      readOnly: readOnly === true,
    }))
    .sort((one, other) => one.path.length - other.path.length);
  for (const mount of wanted) {
    const around = mounts.filter(({ path }) => isWithin(path, mount.path)).at(-1);
    const isThere =
      around !== undefined &&
      around.readOnly === mount.readOnly &&
      posix.join(around.source, posix.relative(around.path, mount.path)) === mount.source;
    if (!isThere) mounts.push(mount);
  }
  return ok(mounts);
}

const withoutSlash = (path: string) => (path.length > 1 ? path.replace(/\/+$/, '') : path);
