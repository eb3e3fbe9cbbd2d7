import { describe, expect, it } from 'vitest';
import { loadPools } from '../../../../../src/application/records/load-pools.js';
import { createPikaci } from '../../../../../src/composition/create-pikaci.js';
import type { PikaciConfigInput } from '../../../../../src/domain/config/config.js';
import { readTemplateMark, templateUse } from '../../../../../src/domain/machine/template-mark.js';
import { readPool, readPoolTemplate } from '../../../../../src/domain/machine/warm-mark.js';
import type { TargetConfigInput } from '../../../../../src/domain/target/target-config.js';
import { must, mustFail } from '../../../../../src/testing/contract/expect-result.js';
import { TargetInMemory, WORKSPACE } from '../../target/target-in-memory.js';

const TARGET: TargetConfigInput = {
  templates: { node: { from: 'pikaci/dev', setup: 'make it', inputs: ['src/*'] } },
  jobs: [{ id: 'one', template: 'node', command: 'use it' }],
};
const BUILD = { target: 't', workspace: WORKSPACE };

async function site() {
  const target = await TargetInMemory.of(TARGET, { script: async () => 0 });
  const { host } = target;
  const open = (more: Partial<PikaciConfigInput> = {}) => {
    const config = { host: 'local', workDir: '/var/pikaci', stateRoot: '/state', targets: { t: TARGET } };
    const warm = { size: 1, template: 'node' };
    return must(createPikaci({ ...config, warm, ...more } as PikaciConfigInput, { adapters: host.adapters }));
  };
  const waiting = () => host.incus.allInstances.filter(({ config }) => readPool(config) !== null);
  const templates = () => host.incus.allInstances.filter(({ config }) => readTemplateMark(config) !== null);
  const change = async () => {
    await host.clock.sleep(1000, new AbortController().signal);
    await host.setWorkspace(WORKSPACE, { 'src/main.rs': { content: 'fn other() {}\n' } });
  };
  return { host, open, waiting, templates, change };
}

const acquired = (run: Awaited<ReturnType<TargetInMemory['run']>>) =>
  run.jobs.map((end) => (end.kind === 'ended' ? end.run.outcome.acquired : end.kind));

describe('a pool of a template', () => {
  it('is not filled before the template is there; then a job of it takes what waits, and no job of the image does', async () => {
    const { open, waiting, templates } = await site();
    const pikaci = open();
    const absent = mustFail(await pikaci.fillPool(), 'no_such_template');
    expect(absent).toMatchObject({
      field: 'warm.template',
      message: expect.stringContaining('template build node'),
    });
    expect(must(await pikaci.poolStatus()).problem).toContain('there is no template "node"');

    const [node] = must(await pikaci.buildTemplates(BUILD));
    const { made } = must(await pikaci.fillPool());
    expect(waiting().map(({ name }) => name)).toEqual(made);
    expect(waiting().map(({ config }) => readPoolTemplate(config))).toEqual([node?.instance]);
    expect(must(await pikaci.poolStatus())).toMatchObject({
      problem: null,
      waiting: [{ name: made[0], template: { name: 'node', key: node?.key }, replacedBecause: null }],
    });
    const plain = must(await pikaci.runJob({ job: { id: 'p', command: 'x' }, workspace: WORKSPACE }));
    expect(plain.outcome.acquired).toEqual({
      from: 'cold',
      reason: expect.stringContaining('copies of a template'),
    });
    must(await plain.cleanUp);
    const run = must(await pikaci.runTarget({ target: 't', workspace: WORKSPACE, runId: 'a' }));
    expect(acquired(run)).toEqual([{ from: 'warm' }]);
    must(await run.cleanUp);
    await pikaci.close();
    expect(waiting().map(({ name }) => name)).not.toEqual(made);
    expect(waiting()).toHaveLength(1);
    expect(templates()).toHaveLength(1);
  });

  it('is replaced when the template has another key, and no job of the new one takes what is of the old one', async () => {
    const { open, waiting, change } = await site();
    const pikaci = open();
    must(await pikaci.buildTemplates(BUILD));
    const [old] = must(await pikaci.fillPool()).made;
    await change();
    const run = must(await pikaci.runTarget({ target: 't', workspace: WORKSPACE, runId: 'a' }));
    expect(acquired(run)).toEqual([
      { from: 'cold', reason: expect.stringContaining('another key of this one') },
    ]);
    must(await run.cleanUp);
    await pikaci.close();
    expect(waiting().map(({ name }) => name)).not.toContain(old);
    expect(waiting()).toHaveLength(1);
    const next = must(await open().runTarget({ target: 't', workspace: WORKSPACE, runId: 'b' }));
    expect(acquired(next)).toEqual([{ from: 'warm' }]);
    must(await next.cleanUp);
  });

  it('is of one key while branches ask for several in turn, and of the old one again when nobody asks for the new one', async () => {
    const { open, waiting, templates, change, host } = await site();
    const pikaci = open();
    const [old] = must(await pikaci.buildTemplates(BUILD));
    await change();
    const [next] = must(await pikaci.buildTemplates(BUILD));
    const of = async () => {
      must(await pikaci.fillPool());
      return waiting().map(({ config }) => readPoolTemplate(config));
    };
    expect(await of()).toEqual([next?.instance]);
    const use = async (instance: string | undefined, at: number) =>
      must(await host.incus.patchInstance('default', instance ?? '', templateUse(at)));
    const [{ config } = { config: {} }] = templates();
    const now = readTemplateMark(config)?.lastUsedMs ?? 0;
    await use(old?.instance, now + 60_000);
    expect(await of()).toEqual([next?.instance]);
    await use(next?.instance, now - 3_600_000);
    expect(await of()).toEqual([old?.instance]);
  });

  it('keeps its template from `gc` and `template rm` for as long as machines wait', async () => {
    const { open, templates } = await site();
    const pikaci = open({ retention: { keepDays: 0 } });
    must(await pikaci.buildTemplates(BUILD));
    must(await pikaci.fillPool());
    const [node] = templates();
    if (node === undefined) throw new Error('no template');
    node.config = { ...node.config, ...templateUse(1) };
    expect(must(await pikaci.reap()).kept.evicted).toEqual([]);
    expect(must(await pikaci.listTemplates())).toMatchObject([{ inUse: true }]);
    expect(mustFail(await pikaci.removeTemplate('node'), 'template_in_use').message).toContain('pool drain');
    must(await pikaci.drainPool());
    expect(must(await pikaci.listTemplates())).toMatchObject([{ inUse: false }]);
    expect(must(await pikaci.reap()).kept.evicted).toMatchObject([{ path: node.name }]);
    expect(templates()).toEqual([]);
  });

  it('is written down below the state root for those who ask no host, also why it is not full', async () => {
    const { open, host } = await site();
    const pikaci = open();
    const seen = async () => {
      const pools = must(await loadPools(host.localFiles, { stateRoot: '/state' }));
      return pools.map(({ template, image_alias, size, waiting, problem }) => ({
        ...{ template, image_alias, size, problem },
        waiting: waiting.map(({ instance_name }) => instance_name),
      }));
    };
    expect(await seen()).toEqual([]);
    mustFail(await pikaci.fillPool(), 'no_such_template');
    const pool = { template: 'node', image_alias: null, size: 1 };
    expect(await seen()).toEqual([
      { ...pool, waiting: [], problem: expect.stringContaining('pikaci template build') },
    ]);
    must(await pikaci.buildTemplates(BUILD));
    const { made } = must(await pikaci.fillPool());
    expect(await seen()).toEqual([{ ...pool, waiting: made, problem: null }]);
    must(await pikaci.drainPool());
    expect(await seen()).toEqual([{ ...pool, waiting: [], problem: null }]);
  });

  it('is looked at by the doctor, who says why it is not full and what nothing will ever take', async () => {
    const { open, waiting } = await site();
    const look = async (pikaci = open()) => {
      const checks = (await pikaci.doctor()).checks.filter(({ name }) => name === 'warm_pool');
      return checks.map(({ status, detail, remedy }) => [status, detail, remedy].join(' | '));
    };
    const pikaci = open();
    expect(await look()).toEqual([
      expect.stringMatching(
        /^warning \| the pool of the template node stays empty: .* \| pikaci template build node$/,
      ),
    ]);
    must(await pikaci.buildTemplates(BUILD));
    expect(await look()).toEqual([expect.stringMatching(/^warning \| 0 of 1 wait .* \| pikaci pool fill$/)]);
    must(await pikaci.fillPool());
    expect(await look()).toEqual([
      expect.stringMatching(/^ok \| 1 of 1 wait in the pool of the template node/),
    ]);
    const [one] = waiting();
    if (one !== undefined) one.config = { ...one.config, 'user.pikaci.lease_expires_at_ms': '1' };
    expect(await look()).toEqual([expect.stringContaining('1 will be replaced: it has waited for as long')]);
    expect(await look(open({ warm: { size: 1, template: 'none' } }))).toEqual([
      expect.stringContaining('no target of the configuration has a template of that name'),
    ]);
    const microvm = { backend: 'microvm', microvm: { runner: '/opt/runner' }, warm: { size: 1 } } as const;
    expect(await look(open(microvm))).toEqual([expect.stringContaining('jobs are started cold')]);
    expect(await look(open({ warm: undefined }))).toEqual([]);
  });

  it('is of an image or of a template, and templates are containers', () => {
    const problems = (warm: object) => {
      const made = createPikaci({ host: 'local', warm: { size: 1, ...warm } });
      return made.isErr() ? made.error.problems.map(({ path }) => path) : [];
    };
    expect(problems({ template: 'node', image: 'i' })).toEqual(['warm.image']);
    expect(problems({ template: 'node', instanceType: 'virtual-machine' })).toEqual(['warm.instanceType']);
    expect(problems({ template: 'no name' })).toEqual(['warm.template']);
  });
});
