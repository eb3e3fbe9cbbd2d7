import { lstat, mkdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fulfillPreparedOutputRequest } from '../../../../src/composition/fulfill-prepared-output.js';
import { fulfilmentResultSchema } from '../../../../src/domain/target/fulfilment.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

/** A host's directory with an output, and a request that wants it at `links/workspace-build`. */
async function withRequest(change: object = {}) {
  const root = await temporaryDirectory();
  const output = join(root.path, 'output');
  await mkdir(join(output, 'share/pikaci'), { recursive: true });
  const mounts = [{ name: 'x', relative_path: '.', guest_path: '/opt/x', read_only: true }];
  const manifest = { schema_version: 1, kind: 'test', mounts };
  await writeFile(join(output, 'share/pikaci/payload-manifest.json'), JSON.stringify(manifest));
  const link = join(root.path, 'jobs/job/staged-linux-rust/workspace-build');
  const request = {
    schema_version: 1,
    node_id: 'workspace-build',
    installable: 'path:/snapshot#ci.x86_64-linux.workspaceBuild',
    output_name: 'ci.x86_64-linux.workspaceBuild',
    protocol: 'host_path_v1',
    realized_path: output,
    requested_exposures: [{ kind: 'host_symlink_mount', path: link, access: 'read_only' }],
    ...change,
  };
  const file = join(root.path, 'request.json');
  await writeFile(file, JSON.stringify(request));
  return { root, output, link, file };
}

describe('a fulfilment request', () => {
  it('makes the links that it asks for, may be repeated, and says what it did', async () => {
    const { root, output, link, file } = await withRequest();
    await using _ = root;
    const resultPath = join(root.path, 'result.json');
    const done = await fulfillPreparedOutputRequest(file, { resultPath });
    expect(done).toMatchObject({
      node_id: 'workspace-build',
      realized_path: output,
      status: 'succeeded',
      fulfilled_exposures_count: 1,
      fulfilled_exposures: [{ path: link }],
      error: null,
    });
    expect(await readlink(link)).toBe(output);
    expect(fulfilmentResultSchema.parse(JSON.parse(await readFile(resultPath, 'utf8')))).toEqual(done);
    expect((await fulfillPreparedOutputRequest(file)).status).toBe('succeeded');
  });

  it('replaces a link, and nothing else', async () => {
    const { root, output, link, file } = await withRequest();
    await using _ = root;
    await mkdir(join(link, '..'), { recursive: true });
    await symlink('/somewhere/else', link);
    expect((await fulfillPreparedOutputRequest(file)).status).toBe('succeeded');
    expect(await readlink(link)).toBe(output);
    const other = await withRequest();
    await using __ = other.root;
    await mkdir(other.link, { recursive: true });
    expect(await fulfillPreparedOutputRequest(other.file)).toMatchObject({
      status: 'failed',
      fulfilled_exposures_count: 0,
      error: `${other.link} is there, and is not a link`,
    });
    expect((await lstat(other.link)).isDirectory()).toBe(true);
  });

  it.each([
    ['is not JSON', '{', /is not UTF-8 JSON/],
    ['is of another version', { schema_version: 2 }, /schema_version/],
    [
      'wants a writable link',
      { requested_exposures: [{ kind: 'host_symlink_mount', path: '/x', access: 'read_write' }] },
      /access/,
    ],
    [
      'wants a link at a path that is none',
      { requested_exposures: [{ kind: 'host_symlink_mount', path: '/x/../etc', access: 'read_only' }] },
      /path/,
    ],
    ['calls a directory a store path', { protocol: 'nix_store_path_v1' }, /is not in \/nix\/store/],
    ['has nothing to build', { realized_path: null }, /only outputs of nix_store_path_v1 can be built/],
    ['names an output that is not there', { realized_path: '/nowhere/output' }, /no payload manifest/],
  ])('that %s is refused, and makes nothing', async (_title, change, error) => {
    const { root, link, file } = await withRequest(typeof change === 'string' ? {} : change);
    await using _ = root;
    if (typeof change === 'string') await writeFile(file, change);
    const done = await fulfillPreparedOutputRequest(file);
    expect(done).toMatchObject({ status: 'failed', error: expect.stringMatching(error) });
    await expect(lstat(link)).rejects.toThrow('ENOENT');
  });

  it('that is not there is a failure like any other', async () => {
    expect(await fulfillPreparedOutputRequest('/nowhere/request.json')).toMatchObject({
      status: 'failed',
      error: '/nowhere/request.json does not exist',
    });
  });
});
