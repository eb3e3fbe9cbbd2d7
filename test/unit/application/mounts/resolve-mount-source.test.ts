import { describe, expect, it } from 'vitest';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { resolveMountSource } from '../../../../src/application/mounts/resolve-mount-source.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';

const { signal } = new AbortController();

async function host() {
  const files = new MemoryFileStore();
  for (const path of ['/out/share/data', '/outside', '/elsewhere/real/share'])
    must(await files.makeDirectory(path));
  const resolve = (relative: string, outputRoot = '/out') =>
    resolveMountSource(
      files,
      {
        name: 'm',
        sourcePath: relative === '.' ? outputRoot : `${outputRoot}/${relative}`,
        guestPath: '/mnt',
        readOnly: true,
        deviceName: 'd',
        devicePrefix: 'p',
        outputRoot,
      },
      signal,
    );
  return { files, resolve };
}

describe('the source of a mount', () => {
  it('is where it says', async () => {
    const { resolve } = await host();
    expect(must(await resolve('.'))).toBe('/out');
    expect(must(await resolve('share/data'))).toBe('/out/share/data');
  });

  it('may be a link within the output, which is resolved', async () => {
    const { files, resolve } = await host();
    files.link('share/data', '/out/short');
    expect(must(await resolve('short'))).toBe('/out/share/data');
  });

  it('may lie in an output whose root is a link itself', async () => {
    const { files, resolve } = await host();
    files.link('/elsewhere/real', '/result');
    expect(must(await resolve('share', '/result'))).toBe('/elsewhere/real/share');
    expect(must(await resolve('.', '/result'))).toBe('/elsewhere/real');
  });

  for (const [title, link, target, relative] of [
    ['the last of its path', '/out/share/evil', '/outside', 'share/evil'],
    ['in the middle of its path', '/out/evil', '..', 'evil/outside'],
    ['to a neighbour whose name begins alike', '/out/evil', '/out-2', 'evil'],
  ] as const) {
    it(`is refused when a link leads out, and the link is named: ${title}`, async () => {
      const { files, resolve } = await host();
      must(await files.makeDirectory('/out-2'));
      files.link(target, link);
      const fault = mustFail(await resolve(relative), 'payload_refused');
      expect(fault.message).toContain(`the link ${link} leads to`);
      expect(fault.field).toBe('relative_path');
    });
  }

  it('is refused when it does not exist', async () => {
    const { files, resolve } = await host();
    expect(mustFail(await resolve('missing'), 'payload_refused').message).toContain(
      '/out/missing does not exist',
    );
    files.link('nowhere', '/out/dangling');
    mustFail(await resolve('dangling'), 'payload_refused');
  });

  it('is a fault of the host when the output itself is not there', async () => {
    const { resolve } = await host();
    mustFail(await resolve('.', '/nowhere'), 'host_files');
  });
});
