import { describe, expect, it } from 'vitest';
import { MemoryHost } from '../../../../src/adapters/memory/memory-host.js';
import { WorkDirectory } from '../../../../src/application/directories/work-directory.js';
import { archiveBytes } from '../../../../src/application/snapshot/archive-bytes.js';
import { StageSnapshot } from '../../../../src/application/snapshot/stage-snapshot.js';
import type { StageProgress } from '../../../../src/application/snapshot/upload-snapshot.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { filesOf } from '../artifacts/archive-of.js';

async function staging() {
  const host = new MemoryHost();
  await host.setWorkspace('/tree', { a: { content: 'aaa' }, 'b/c': { content: 'c' }, link: { linkTo: 'a' } });
  const snapshot = must(await host.scanner.scan('/tree'));
  const home = `/srv/snapshots/${snapshot.contentHash}`;
  const make = () => new StageSnapshot(host.adapters, new WorkDirectory(host.adapters, '/srv'));
  const call = (signal = new AbortController().signal) => ({
    signal,
    onProgress: () => {},
  });
  const names = async () =>
    (await host.hostFiles.list('/srv/snapshots')).unwrapOr([]).map(({ name }) => name);
  return { host, snapshot, home, make, call, names };
}

describe('staging a snapshot', () => {
  it('puts it there whole, under its hash, with a marker, and nothing beside it', async () => {
    const { host, snapshot, home, make, call, names } = await staging();
    must(await make().stage(snapshot, call()));
    expect(await names()).toEqual([snapshot.contentHash]);
    expect(await filesOf(host.hostFiles, `${home}/snapshot`)).toEqual({
      [`${home}/snapshot/a`]: 'aaa',
      [`${home}/snapshot/b/c`]: 'c',
      [`${home}/snapshot/link`]: 'aaa',
    });
    const marker = must(await host.hostFiles.readFile(`${home}/pikaci-snapshot.json`));
    expect(JSON.parse(Buffer.from(marker).toString())).toMatchObject({
      schema_version: 1,
      content_hash: snapshot.contentHash,
      file_count: 3,
      total_bytes: 4,
    });
  });

  it('tells how far it is, in bytes of an archive that is reckoned before, and in the end that all is sent', async () => {
    const { snapshot, make, call } = await staging();
    const told: StageProgress[] = [];
    must(await make().stage(snapshot, { ...call(), onProgress: (progress) => told.push(progress) }));
    expect(told[0]?.totalBytes).toBe(archiveBytes(snapshot));
    expect(told.at(-1)?.bytes).toBe(told.at(-1)?.totalBytes);
    told.length = 0;
    must(await make().stage(snapshot, { ...call(), onProgress: (progress) => told.push(progress) }));
    expect(told).toEqual([]);
  });

  it('sends one anew that somebody has changed, and serves the changed one to nobody', async () => {
    const { host, snapshot, home, make, call, names } = await staging();
    must(await make().stage(snapshot, call()));
    must(await host.hostFiles.writeFile(`${home}/snapshot/a`, Buffer.from('spoilt')));
    must(await make().stage(snapshot, call()));
    expect(Buffer.from(must(await host.hostFiles.readFile(`${home}/snapshot/a`))).toString()).toBe('aaa');
    const [aside, ...rest] = await names();
    expect(aside).toMatch(new RegExp(`^\\.evicting-${snapshot.contentHash}-[0-9a-f]{8}$`));
    expect(rest).toEqual([snapshot.contentHash]);
  });

  it('uses one without a fingerprint, as version 0.1 has left it', async () => {
    const { host, snapshot, home, make, call } = await staging();
    must(await make().stage(snapshot, call()));
    const path = `${home}/pikaci-snapshot.json`;
    const { fingerprint, ...old } = JSON.parse(
      Buffer.from(must(await host.hostFiles.readFile(path))).toString(),
    );
    expect(fingerprint).toMatch(/^[0-9a-f]{64}$/);
    must(await host.hostFiles.writeFile(path, Buffer.from(JSON.stringify(old))));
    host.trees.failNextUpload('transfer_failed');
    must(await make().stage(snapshot, call()));
  });

  it('uses one that is there and sends nothing', async () => {
    const { host, snapshot, make, call } = await staging();
    must(await make().stage(snapshot, call()));
    host.trees.failNextUpload('transfer_failed');
    must(await make().stage(snapshot, call()));
  });

  for (const [title, marker, problem] of [
    ['has no marker', null, 'has no pikaci-snapshot.json'],
    ['has a marker that is not JSON', '{', 'not JSON'],
    ['has a marker of another form', '{"schema_version":2}', 'cannot be read'],
    [
      'has a marker of other content',
      '{"schema_version":1,"content_hash":"x","file_count":0,"total_bytes":0,"created_at":""}',
      'for other content',
    ],
  ] as const) {
    it(`refuses what is there when it ${title}, and leaves it`, async () => {
      const { host, snapshot, home, make, call } = await staging();
      must(await host.hostFiles.makeDirectory(`${home}/snapshot`));
      if (marker !== null)
        must(await host.hostFiles.writeFile(`${home}/pikaci-snapshot.json`, Buffer.from(marker)));
      const fault = mustFail(await make().stage(snapshot, call()), 'snapshot_refused');
      expect(fault.message).toContain(problem);
      expect(fault.message).toContain(home);
      expect(host.hostFiles.has(home)).toBe(true);
    });
  }

  it('sends it once for jobs that start together', async () => {
    const { host, snapshot, make, call } = await staging();
    const stage = make();
    let uploads = 0;
    const { uploadTree } = host.shell;
    host.shell.uploadTree = (...args) => {
      uploads++;
      return uploadTree.apply(host.shell, args);
    };
    const done = await Promise.all([1, 2, 3].map(() => stage.stage(snapshot, call())));
    for (const one of done) must(one);
    expect(uploads).toBe(1);
  });

  it('is not cancelled by the cancel of another job, and sent by one of the others then', async () => {
    const { host, snapshot, make, call, names } = await staging();
    const stage = make();
    const stop = new AbortController();
    let uploads = 0;
    const { uploadTree } = host.shell;
    host.shell.uploadTree = (...args) => {
      if (++uploads === 1) stop.abort();
      return uploadTree.apply(host.shell, args);
    };
    const [first, second, third] = await Promise.all([
      stage.stage(snapshot, call(stop.signal)),
      stage.stage(snapshot, call()),
      stage.stage(snapshot, call()),
    ]);
    mustFail(first, 'cancelled');
    must(second);
    must(third);
    expect(uploads).toBe(2);
    expect(await names()).toEqual([snapshot.contentHash]);
  });

  it('is waited for no longer than the waiting job wants to', async () => {
    const { host, snapshot, make, call } = await staging();
    const stage = make();
    const stop = new AbortController();
    let begun = () => {};
    const uploading = new Promise<void>((resolve) => {
      begun = resolve;
    });
    host.shell.uploadTree = () => {
      begun();
      return new Promise(() => {});
    };
    void stage.stage(snapshot, call());
    await uploading;
    const waiting = stage.stage(snapshot, call(stop.signal));
    stop.abort();
    mustFail(await waiting, 'cancelled');
  });

  it('gives way to another process that was there first', async () => {
    const { host, snapshot, make, call, names } = await staging();
    let raced = false;
    const { uploadTree } = host.shell;
    host.shell.uploadTree = async (...args) => {
      if (!raced) {
        raced = true;
        must(await make().stage(snapshot, call()));
      }
      return uploadTree.apply(host.shell, args);
    };
    must(await make().stage(snapshot, call()));
    expect(await names()).toEqual([snapshot.contentHash]);
  });

  it('leaves nothing of an upload that broke off', async () => {
    const { host, snapshot, make, call, names } = await staging();
    host.trees.failNextUpload('connection_lost');
    mustFail(await make().stage(snapshot, call()), 'host');
    expect(await names()).toEqual([]);
    const { uploadTree } = host.shell;
    host.shell.uploadTree = async (...args) => {
      const sent = await uploadTree.apply(host.shell, args);
      host.hostFiles.failNext('write', 'no_space');
      return sent;
    };
    mustFail(await make().stage(snapshot, call()), 'host_files');
    expect(await names()).toEqual([]);
    host.shell.uploadTree = uploadTree;
    host.hostFiles.failNext('rename', 'io');
    mustFail(await make().stage(snapshot, call()), 'host_files');
    expect(await names()).toEqual([]);
  });

  for (const [how, change] of [
    ['changed', (host: MemoryHost) => host.localFiles.writeFile('/tree/a', Buffer.from('bbb'))],
    ['was removed', (host: MemoryHost) => host.localFiles.remove('/tree/b/c')],
  ] as const) {
    it(`keeps nothing when a file ${how} on its way, and blames the workspace for it`, async () => {
      const { host, snapshot, make, call, names } = await staging();
      await change(host);
      const fault = mustFail(await make().stage(snapshot, call()), 'workspace');
      expect(fault.message).toContain(how === 'changed' ? 'a changed' : 'b/c');
      expect(fault).toMatchObject({ field: 'workspace', phase: 'stage_workspace_snapshot' });
      expect(await names()).toEqual([]);
    });
  }

  it('keeps a file that has only grown as it was read', async () => {
    const { host, snapshot, home, make, call } = await staging();
    await host.localFiles.appendFile('/tree/a', Buffer.from('more'));
    must(await make().stage(snapshot, call()));
    expect((await filesOf(host.hostFiles, `${home}/snapshot`))[`${home}/snapshot/a`]).toBe('aaa');
  });
});
