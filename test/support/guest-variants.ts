import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { HostUnderTest } from './host-under-test.js';
import { repositoryRoot } from './repository-root.js';

/** `host/guest-systemd` and `host/guest-busybox`. */
export type GuestVariant = 'systemd' | 'busybox';

const call = promisify(execFile);
const OPTIONS = { timeout: 20 * 60_000, maxBuffer: 16 * 1024 * 1024 };

/** Puts a guest image on a host, where it is not there yet; it is built on this machine when it was never asked for. Its alias. */
export async function importGuest(
  { container, project }: HostUnderTest,
  variant: GuestVariant,
): Promise<string> {
  const { stdout } = await call(join(repositoryRoot, 'scripts/host'), ['guest', variant], OPTIONS);
  const { directory } = z.object({ directory: z.string() }).parse(JSON.parse(stdout));
  const [alias, there] = [`pikaci/${variant}`, `/tmp/guest-${variant}`];
  await call('docker', ['cp', directory, `${container}:${there}`], OPTIONS);
  const script = `cd "$3" && incus image import metadata.tar.gz rootfs.squashfs --project "$1" --alias "$2" --reuse; rm -rf "$3"`;
  await call('docker', ['exec', container, 'sh', '-c', script, 'sh', project, alias, there], OPTIONS);
  return alias;
}
