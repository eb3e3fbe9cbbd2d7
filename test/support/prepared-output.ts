import type { PayloadMountRecord } from '../../src/index.js';
import type { Site } from './site.js';

export interface PreparedOutputFiles {
  /** Shell text that fills the output's directory, which is the working directory. */
  readonly fill?: string;
  readonly mounts?: readonly Partial<PayloadMountRecord>[];
  /** The manifest's whole text, instead of a valid one with `mounts`. */
  readonly manifest?: string;
}

/** A prepared output on the host, as a build would have left it there. Its path comes back. */
export async function prepareOutput(site: Site, name: string, files: PreparedOutputFiles): Promise<string> {
  const path = `${site.workDir}/outputs/${name}`;
  const mounts = (files.mounts ?? []).map((mount) => ({
    name: 'data',
    relative_path: '.',
    read_only: true,
    ...mount,
  }));
  const manifest = files.manifest ?? JSON.stringify({ schema_version: 1, kind: 'test', mounts });
  await site.onHost(
    `mkdir -p "$1/share/pikaci"; cd "$1"; printf %s "$2" >share/pikaci/payload-manifest.json\n${files.fill ?? ':'}`,
    path,
    manifest,
  );
  return path;
}
