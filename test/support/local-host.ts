import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { PikaciConfigInput } from '../../src/index.js';
import type { Site } from './site.js';

const call = promisify(execFile);

/**
 * The site as somebody has it who is on the host itself: its directory of the host under a path that is the same there and here, as both see
 * the volumes of the container.
 */
export async function localHost(
  site: Site,
): Promise<{ readonly directory: string; readonly config: Partial<PikaciConfigInput> }> {
  const { container, project, profile, image, workDir } = site.host;
  const format = '{{range .Mounts}}{{.Destination}} {{.Source}}\n{{end}}';
  const { stdout } = await call('docker', ['inspect', '--format', format, container]);
  const volumes = new Map(stdout.split('\n').map((line) => line.split(' ') as [string, string]));
  const volume = (path: string) => {
    const source = volumes.get(path);
    if (source === undefined) throw new Error(`the container ${container} has no volume at ${path}`);
    return source;
  };
  const here = volume(workDir);
  await site.onHost('mkdir -p "${1%/*}" && { [ -e "$1" ] || ln -s "$2" "$1"; }', here, workDir);
  const directory = site.workDir.replace(workDir, here);
  const transport = { via: 'socket', path: `${volume('/var/lib/incus')}/unix.socket` } as const;
  return {
    directory,
    config: { host: 'local', workDir: directory, incus: { project, profile, image, transport } },
  };
}
