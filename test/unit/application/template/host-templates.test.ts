import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import { readTemplateMark, templateUse } from '../../../../src/domain/machine/template-mark.js';
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

  it('are not removed by a run that is not trusted, and there are none of microVMs', async () => {
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
    const microvm = must(
      createPikaci({ ...config, backend: 'microvm', microvm: { runner: '/opt/runner' } }, { adapters }),
    );
    mustFail(await microvm.listTemplates(), 'backend_unavailable');
    mustFail(await microvm.examineTemplates(ASK), 'backend_unavailable');
  });
});
