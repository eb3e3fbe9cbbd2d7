import { createHash } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { unpackFault } from '../../../../src/application/template/unpack-fault.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import { newLeaseConfig, readLease } from '../../../../src/domain/machine/lease.js';
import { readTemplateMark, templateUse } from '../../../../src/domain/machine/template-mark.js';
import { templateInstanceName, templatePlace } from '../../../../src/domain/machine/template-place.js';
import type { TargetConfigInput } from '../../../../src/domain/target/target-config.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { TargetInMemory, WORKSPACE } from '../target/target-in-memory.js';

const TARGET: TargetConfigInput = {
  templates: {
    more: { from: 'node', setup: 'add to it', runAsRoot: true, limits: { disk: '5GiB' } },
    node: { from: 'pikaci/dev', setup: 'make it', inputs: ['src/*'], env: { A: '1' } },
  },
  jobs: [{ id: 'one', template: 'node', command: 'use it' }],
};
const ASK = { target: 't', workspace: WORKSPACE };

const saying: MemoryJobScript = async ({ write }) => {
  write('said\n');
  return 0;
};

async function site(script = saying) {
  const target = await TargetInMemory.of(TARGET, { script });
  const { pikaci, host } = target;
  const made = () => host.incus.allInstances.filter(({ config }) => readTemplateMark(config) !== null);
  return { target, pikaci, host, made };
}

describe('the templates of a target', () => {
  it('are made without a run, each after its parent, with their logs; what is there already is told', async () => {
    const { pikaci, host, made } = await site();
    const said: string[] = [];
    const built: string[] = [];
    const onLog = (name: string, data: Uint8Array) => said.push(`${name}: ${Buffer.from(data)}`);
    const all = must(await pikaci.buildTemplates({ ...ASK, onLog, onBuilt: ({ name }) => built.push(name) }));
    expect(all.map(({ name, cached }) => [name, cached])).toEqual([
      ['node', false],
      ['more', false],
    ]);
    expect(built).toEqual(['node', 'more']);
    expect(said).toEqual(['node: said\n', 'more: said\n']);
    expect(made()).toHaveLength(2);
    const again = must(await pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    expect(again).toEqual([{ ...all[0], cached: true }]);
    expect(must(await host.localFiles.list('/state/templates'))).toEqual([]);
  });

  it('are examined: what their keys are made of, and whether they are there', async () => {
    const { pikaci, host } = await site();
    const before = must(await pikaci.examineTemplates(ASK));
    expect(host.incus.allInstances).toEqual([]);
    expect(before.map(({ name, state }) => [name, state])).toEqual([
      ['node', 'absent'],
      ['more', 'absent'],
    ]);
    const [node, more] = before;
    expect(node?.ingredients).toMatchObject({
      from: { name: 'pikaci/dev', fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
      inputsHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      setup: 'make it',
      env: { A: '1' },
      user: 'pikaci',
      disk: null,
    });
    expect(more?.ingredients).toMatchObject({
      from: { name: 'node', key: node?.key },
      user: 'root',
      disk: '5GiB',
    });
    must(await pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    const after = must(await pikaci.examineTemplates(ASK));
    expect(after.map(({ state }) => state)).toEqual(['ready', 'absent']);
    expect(after.map(({ key }) => key)).toEqual(before.map(({ key }) => key));
  });

  it('are refused by name when there is no such template, and the first that fails ends it', async () => {
    const { pikaci, made } = await site(async () => 7);
    expect(
      mustFail(await pikaci.buildTemplates({ ...ASK, names: ['nope'] }), 'invalid_plan').message,
    ).toContain('there is no template nope; the target has more, node');
    expect(mustFail(await pikaci.buildTemplates(ASK), 'template_failed').message).toContain('node');
    expect(made()).toEqual([]);
  });
});

describe('the templates of a host', () => {
  it('are listed, and one in use is removed only by force', async () => {
    const { pikaci, made } = await site();
    const [node] = must(await pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    const listed = must(await pikaci.listTemplates());
    expect(listed).toMatchObject([
      { name: 'node', key: node?.key, inUse: true, image: { alias: 'pikaci/dev' } },
    ]);
    expect(mustFail(await pikaci.removeTemplate('node'), 'template_in_use').message).toContain('--force');
    expect(must(await pikaci.removeTemplate('node', { force: true }))).toBe(node?.key);
    expect(made()).toEqual([]);
    mustFail(await pikaci.removeTemplate('node', { force: true }), 'no_such_template');
  });

  it('are removed by name or key once nobody uses them; of several of one name the key has to be said', async () => {
    const { pikaci, host, made } = await site();
    must(await pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    await host.setWorkspace(WORKSPACE, { 'src/main.rs': { content: 'fn other() {}\n' } });
    must(await pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    for (const { name } of made()) must(await host.incus.patchInstance('default', name, templateUse(1)));
    const keys = made().map(({ config }) => readTemplateMark(config)?.key ?? '');
    const several = mustFail(await pikaci.removeTemplate('node'), 'no_such_template');
    for (const key of keys) expect(several.message).toContain(key.slice(0, 12));
    expect(must(await pikaci.removeTemplate((keys[0] ?? '').slice(0, 12)))).toBe(keys[0]);
    expect(must(await pikaci.removeTemplate('node'))).toBe(keys[1]);
    expect(made()).toEqual([]);
  });

  it('are opened in a copy that goes with the shell, and stay as they are', async () => {
    const { pikaci, host, made } = await site();
    must(await pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    mustFail(await pikaci.templateShell('nope'), 'no_such_template');
    const [{ name: kept } = { name: '' }] = made();
    const shell = await pikaci.templateShell('node', { columns: 80, rows: 24 });
    if (shell.isOk()) {
      const copies = host.incus.allInstances.filter(({ name }) => name !== kept);
      expect(copies).toMatchObject([{ status: 'Running' }]);
      await shell.value[Symbol.asyncDispose]();
    }
    expect(host.incus.allInstances.map(({ name }) => name)).toEqual([kept]);
  });

  it('are not removed by a run that is not trusted', async () => {
    const { target, pikaci } = await site();
    must(await pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    const config = {
      host: 'local',
      workDir: '/var/pikaci',
      stateRoot: '/state',
      targets: { t: TARGET },
    } as const;
    const { adapters } = target.host;
    const untrusted = must(createPikaci({ ...config, trust: 'untrusted' }, { adapters }));
    mustFail(await untrusted.removeTemplate('node', { force: true }), 'not_trusted');
    mustFail(await untrusted.buildTemplates({ ...ASK, names: ['more'] }), 'not_trusted');
    expect(must(await untrusted.listTemplates())).toHaveLength(1);
  });
});

describe('the file of a template', () => {
  /** A template that was exported, and the file; a host on which nothing was made yet. */
  async function exported() {
    const from = await site();
    must(await from.pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    const pieces: Uint8Array[] = [];
    const sink = { write: async (data: Uint8Array) => void pieces.push(data) };
    const told = must(await from.pikaci.exportTemplate('node', sink));
    return { from, told, file: Buffer.concat(pieces), to: await site() };
  }
  async function* inPieces(file: Uint8Array, size = 100): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < file.length; at += size) yield file.subarray(at, at + size);
  }
  const imagesOf = ({ host }: Awaited<ReturnType<typeof site>>) =>
    host.incus.world.projects.get('default')?.images.size;

  it('makes the template on another host, where the next run finds it; no image stays on either', async () => {
    const { from, told, file, to } = await exported();
    const [before] = [imagesOf(to)];
    expect(imagesOf(from)).toBe(before);
    expect(told).toEqual({
      key: from.made()[0]?.config['user.pikaci.template.key'],
      name: 'node',
      bytes: file.length,
      sha256: createHash('sha256').update(file).digest('hex'),
      imageLeft: null,
    });
    const imported = must(await to.pikaci.importTemplate(inPieces(file)));
    expect(imported).toMatchObject({ key: told.key, cached: false, isBaseHere: true, bytes: told.bytes });
    expect(imagesOf(to)).toBe(before);
    const [node] = to.made();
    expect(node?.name).toBe(from.made()[0]?.name);
    const marks = [from, to].map(({ made }) => readTemplateMark(made()[0]?.config ?? {}));
    expect({ ...marks[1], lastUsedMs: 0 }).toEqual({ ...marks[0], lastUsedMs: 0 });
    expect(readLease(node?.config ?? {})).toBeNull();
    const built = must(await to.pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    expect(built).toMatchObject([{ cached: true, key: told.key }]);
    expect(must(await to.pikaci.importTemplate(inPieces(file)))).toMatchObject({ cached: true });
    expect(imagesOf(to)).toBe(before);
  });

  it('appears under its name when all of it is there, and takes the place of no device or directory', async () => {
    const { from } = await exported();
    const { localFiles } = from.host;
    must(await localFiles.makeDirectory('/out/dir'));
    must(await from.pikaci.exportTemplate('node', { file: '/out/node.img' }));
    expect(must(await localFiles.list('/out')).map(({ name }) => name)).toEqual(['dir', 'node.img']);
    for (const file of ['/out/dir', 'relative', '/none/x'])
      mustFail(await from.pikaci.exportTemplate('node', { file }), 'local_files');
    const full = { write: () => Promise.reject(new Error('no space left')) };
    expect(mustFail(await from.pikaci.exportTemplate('node', full), 'local_files').message).toContain(
      'no space',
    );
    const gone = { signal: AbortSignal.abort() };
    mustFail(await from.pikaci.exportTemplate('node', { file: '/out/other' }, gone), 'cancelled');
    expect(must(await localFiles.list('/out')).map(({ name }) => name)).toEqual(['dir', 'node.img']);
    expect(imagesOf(from)).toBe(1);
  });

  it('is refused when it is none, is cut, or says of itself what cannot be; nothing stays of it', async () => {
    const { file, to } = await exported();
    const changed = (change: (properties: Record<string, string | undefined>) => void) => {
      const read = JSON.parse(gunzipSync(file).toString());
      change(read.properties);
      return gzipSync(JSON.stringify(read));
    };
    const files: readonly (readonly [Uint8Array, string])[] = [
      [Buffer.alloc(0), 'empty'],
      [Buffer.from('#!/bin/sh\necho no image\n'), 'no image'],
      [file.subarray(0, file.length / 2), 'Unsupported'],
      [changed((of) => delete of['pikaci.template.format']), 'of no template'],
      [changed((of) => (of['pikaci.template.format'] = '2')), 'pikaci.template.format'],
      [changed((of) => (of['pikaci.template.key'] = '../../x')), 'pikaci.template.key'],
      [changed((of) => delete of['pikaci.template.key']), 'pikaci.template.key'],
      [changed((of) => (of['pikaci.template.name'] = 'a\u001b[2Jb')), 'pikaci.template.name'],
      [changed((of) => (of['pikaci.template.image_alias'] = 'a\nb')), 'pikaci.template.image_alias'],
      [changed((of) => (of['pikaci.template.made_at_ms'] = '1e999')), 'pikaci.template.made_at_ms'],
    ];
    const images = imagesOf(to);
    for (const [content, said] of files) {
      const refused = mustFail(await to.pikaci.importTemplate(inPieces(content)), 'template_refused');
      expect(refused.message).toContain(said);
    }
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield file.subarray(0, 300);
      throw new Error('ENOENT');
    }
    expect(mustFail(await to.pikaci.importTemplate(broken()), 'local_files').message).toContain('ENOENT');
    to.host.incus.faults.failNext('snapshotInstance', 'operation_failed');
    mustFail(await to.pikaci.importTemplate(inPieces(file)), 'incus');
    expect(to.host.incus.allInstances).toEqual([]);
    expect(imagesOf(to)).toBe(images);
  });

  it('is imported and exported by no run that is not trusted', async () => {
    const { file, from } = await exported();
    const config = {
      host: 'local',
      workDir: '/var/pikaci',
      stateRoot: '/state',
      trust: 'untrusted',
    } as const;
    const pikaci = must(createPikaci(config, { adapters: from.host.adapters }));
    mustFail(await pikaci.importTemplate(inPieces(file)), 'not_trusted');
    mustFail(await pikaci.exportTemplate('node', { file: '/x' }), 'not_trusted');
  });

  it('waits for nobody who makes the same one: it says so, and goes on when that one is gone', async () => {
    const { file, to, told } = await exported();
    const { incus } = to.host;
    const name = templateInstanceName(told.key);
    const lease = { ...templatePlace(told.key), owner: 'o', acquisition: null };
    const wanted = (expiresAtMs: number) => ({
      name,
      type: 'container' as const,
      ephemeral: false,
      start: false,
      source: 'none' as const,
      config: newLeaseConfig({ ...lease, expiresAtMs }),
      devices: {},
    });
    must(await incus.createInstance('default', wanted(Date.now() + 3_600_000)));
    mustFail(await to.pikaci.importTemplate(inPieces(file)), 'template_in_use');
    must(await incus.deleteInstance('default', name));
    must(await incus.createInstance('default', wanted(1)));
    expect(must(await to.pikaci.importTemplate(inPieces(file)))).toMatchObject({ cached: false });
  });

  it('leaves no image for long when its process is killed: one that is old and has no alias goes with gc', async () => {
    const { host, pikaci, made } = await site();
    must(await pikaci.buildTemplates({ ...ASK, names: ['node'] }));
    const of = { instance: made()[0]?.name ?? '', snapshot: 'ready' };
    const publish = (filename: string) =>
      host.incus.publishImage('default', { of, properties: { filename }, filename });
    const left = must(await publish('pikaci-template-0123.tar.gz'));
    const others = must(await publish('mine.tar.gz'));
    const images = host.incus.world.projects.get('default')?.images;
    for (const { fingerprint } of [left, others]) {
      const image = images?.get(fingerprint);
      if (image !== undefined)
        images?.set(fingerprint, { ...image, uploadedAt: new Date(1000).toISOString() });
    }
    const dry = must(await pikaci.reap({ dryRun: true }));
    expect(dry.abandoned).toContain(`image ${left.fingerprint}`);
    expect(must(await pikaci.reap()).abandoned).toEqual([`image ${left.fingerprint}`]);
    expect([...(images?.keys() ?? [])]).toContain(others.fingerprint);
    expect([...(images?.keys() ?? [])]).not.toContain(left.fingerprint);
  });
});

it('a file that does not unpack is refused, without the options of tar; a full pool is none of its faults', () => {
  const fault = (message: string) =>
    unpackFault({ kind: 'operation_failed', host: 'h', tried: 'POST', status: 400, message }, 'node');
  const tar = 'Failed to run: tar --anchored --exclude=dev/* -C /pool/x -zxf -: exit status 2';
  const cut = fault(
    `Failed creating instance from image: Unpack failed: ${tar} (gzip: unexpected end of file)`,
  );
  expect(cut).toMatchObject({
    kind: 'template_refused',
    message:
      'the file of the template node does not unpack: gzip: unexpected end of file; look whether all of it has come',
  });
  const full = `Unable to unpack image, run out of disk space: ${tar} (tar: write error)`;
  expect(fault(full)).toMatchObject({
    kind: 'incus',
    message: expect.stringContaining('run out of disk space'),
  });
});
