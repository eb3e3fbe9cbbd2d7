import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { HostUnderTest } from './host-under-test.js';
import { repositoryRoot } from './repository-root.js';

export const SYSTEMD_IMAGE = 'pikaci/systemd';

const call = promisify(execFile);
const OPTIONS = { timeout: 20 * 60_000, maxBuffer: 16 * 1024 * 1024 };

/** Puts the guest image with systemd on a host, where it is not there yet; it is built on this machine when it was never asked for. */
export async function importSystemdGuest({ container, project }: HostUnderTest): Promise<void> {
  const { stdout } = await call(join(repositoryRoot, 'scripts/host'), ['systemd-guest'], OPTIONS);
  const { directory } = z.object({ directory: z.string() }).parse(JSON.parse(stdout));
  await call('docker', ['cp', directory, `${container}:/tmp/systemd-guest`], OPTIONS);
  const script = `cd /tmp/systemd-guest && incus image import metadata.tar.gz rootfs.squashfs --project "$1" --alias "$2" --reuse; rm -rf /tmp/systemd-guest`;
  await call('docker', ['exec', container, 'sh', '-c', script, 'sh', project, SYSTEMD_IMAGE], OPTIONS);
}
