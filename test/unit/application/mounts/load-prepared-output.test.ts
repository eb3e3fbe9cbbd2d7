import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { loadPreparedOutput } from '../../../../src/application/mounts/load-prepared-output.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { vector } from '../../../support/vectors.js';

const output = { name: 'deps', path: '/nix/store/deps' };
const MANIFEST = '/nix/store/deps/share/pikaci/payload-manifest.json';
const { signal } = new AbortController();

async function loading(manifest: string | Uint8Array | null) {
  const files = new MemoryFileStore();
  must(await files.makeDirectory('/nix/store/deps/share/pikaci'));
  if (manifest !== null) must(await files.writeFile(MANIFEST, Buffer.from(manifest as Uint8Array)));
  return loadPreparedOutput(files, output, signal);
}

const vectors = vector('payload-manifests', (value) => z.record(z.string(), z.unknown()).parse(value));

describe('the manifest of a prepared output', () => {
  it('gives its mounts, which nobody has judged yet', async () => {
    const mount = { name: 'm', relative_path: '../..', guest_path: 'x', read_only: true };
    const manifest = { schema_version: 1, kind: 'k', mounts: [mount] };
    expect(must(await loading(JSON.stringify(manifest)))).toEqual({
      devicePrefix: 'deps',
      outputRoot: '/nix/store/deps',
      mounts: [mount],
    });
  });

  it('may have no mounts, as older ones do', async () => {
    expect(must(await loading('{"schema_version":1,"kind":"k"}')).mounts).toEqual([]);
  });

  for (const [name, manifest] of Object.entries(vectors)) {
    if (typeof manifest !== 'object' || manifest === null || !('schema_version' in manifest)) continue;
    it(`is read as the golden example "${name}" has it`, async () => {
      const mounts = 'mounts' in manifest ? manifest.mounts : [];
      expect(must(await loading(JSON.stringify(manifest))).mounts).toEqual(mounts);
    });
  }

  for (const [title, manifest, kind, says] of [
    ['is missing', null, 'manifest_missing', MANIFEST],
    ['is empty', '', 'manifest_invalid', 'not UTF-8 JSON'],
    ['is not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'manifest_invalid', 'not UTF-8 JSON'],
    ['is of another version', '{"schema_version":2,"kind":"k"}', 'manifest_invalid', 'schema_version'],
    [
      'has a mount without a name',
      '{"schema_version":1,"kind":"k","mounts":[{}]}',
      'manifest_invalid',
      'mounts.0.name',
    ],
    ['is larger than a mebibyte', ' '.repeat(1024 * 1024 + 1), 'manifest_invalid', '1048576'],
  ] as const) {
    it(`is refused when it ${title}, and the fault says so`, async () => {
      expect(mustFail(await loading(manifest), kind).message).toContain(says);
    });
  }

  it('is a fault of the host when it cannot be read for another reason', async () => {
    const files = new MemoryFileStore();
    files.failNext('read', 'permission_denied');
    mustFail(await loadPreparedOutput(files, output, signal), 'host_files');
  });
});
