import { execFileSync } from 'node:child_process';
import { mkdir, open, symlink, writeFile } from 'node:fs/promises';
import { err } from 'neverthrow';
import { NodeFileStore } from '../../src/adapters/node/node-file-store.js';
import type { FileStore } from '../../src/ports/file-store.js';

export const OUTPUT = {
  node_id: 'workspace-build',
  installable: 'path:/snapshot#ci.x86_64-linux.workspaceBuild',
  output_name: 'ci.x86_64-linux.workspaceBuild',
  protocol: 'nix_store_path_v1',
  residency: 'remote_authoritative',
  realized_path: '/nix/store/abc-workspace-build',
  exposures: [{ kind: 'payload_mount', path: '/staged/linux-rust/workspace-build', access: 'read_only' }],
  payload: { schema_version: 1, kind: 'staged_linux_rust', mounts: [] },
};
export const WHOLE = JSON.stringify({ schema_version: 1, outputs: [OUTPUT] });

/** What can be wrong with the file, and how it comes to be so. What may not be read is not here: root reads it all the same. */
export const brokenPreparedOutputs: Readonly<Record<string, (path: string) => Promise<unknown>>> = {
  missing: async () => {},
  empty: (path) => writeFile(path, ''),
  truncated: (path) => writeFile(path, WHOLE.slice(0, -20)),
  'not JSON': (path) => writeFile(path, '{not json'),
  'of a later schema': (path) => writeFile(path, WHOLE.replace('"schema_version":1', '"schema_version":2')),
  'without a schema version': (path) => writeFile(path, JSON.stringify({ outputs: [OUTPUT] })),
  'a list': (path) => writeFile(path, '[]'),
  'the word null': (path) => writeFile(path, 'null'),
  'of wrong types': (path) => writeFile(path, JSON.stringify({ schema_version: 1, outputs: {} })),
  'an output without its path': (path) =>
    writeFile(path, JSON.stringify({ schema_version: 1, outputs: [{ node_id: 'x' }] })),
  'of an unknown protocol': (path) => writeFile(path, WHOLE.replace('nix_store_path_v1', 'ftp_v9')),
  'a broken manifest': (path) => writeFile(path, WHOLE.replace('"mounts":[]', '"mounts":[{"name":7}]')),
  'a directory': (path) => mkdir(path),
  'a link that leads nowhere': (path) => symlink('/nowhere/at/all', path),
  'a link to itself': (path) => symlink(path, path),
  'an endless device': (path) => symlink('/dev/zero', path),
  'a pipe that nobody writes to': async (path) => execFileSync('mkfifo', [path]),
  'full of NUL bytes': (path) => writeFile(path, Buffer.alloc(4096)),
  'not UTF-8': (path) =>
    writeFile(path, Buffer.concat([Buffer.from('{"schema_version":1,"x":"'), Buffer.from([0xff, 0xfe])])),
  'nested too deeply': (path) => writeFile(path, '['.repeat(200_000)),
  'of 100 MB': async (path) => {
    await using file = await open(path, 'w');
    await file.write(WHOLE);
    await file.truncate(100 * 1024 * 1024);
  },
};

/** The files of this machine, of which `prepared-outputs.json` may not be read by anybody. */
export function denyingFiles(): FileStore {
  const files = new NodeFileStore();
  const denied = {
    kind: 'permission_denied',
    host: 'local',
    operation: 'read',
    message: 'EACCES: permission denied',
  } as const;
  return Object.assign(new NodeFileStore(), {
    readFile: (path: string, options: Parameters<FileStore['readFile']>[1]) =>
      path.endsWith('prepared-outputs.json')
        ? Promise.resolve(err({ ...denied, path }))
        : files.readFile(path, options),
  });
}
