import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { must } from '../../src/testing/contract/expect-result.js';
import { removeTemplates } from '../support/remove-templates.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterAll(async () => {
  must(await site.pikaci.drainPool());
  await site[Symbol.asyncDispose]();
});

describe('a pool of machines that wait', () => {
  it('gives each job one of its own, with its workspace, limits and secrets, and is filled behind them', async () => {
    const { project } = site.host;
    const pikaci = site.open({ warm: { size: 2 } });
    const { made } = must(await pikaci.fillPool());
    expect(made).toHaveLength(2);
    expect(must(await pikaci.fillPool())).toMatchObject({
      made: [],
      removed: [],
      isCutShort: false,
      waiting: 2,
    });

    const job = {
      id: 'j',
      command:
        'cat hello.txt; echo more >>hello.txt; tail -n 1 hello.txt; wc -c <"$PIKACI_SECRETS_DIR/T"; echo "$A"; ls /tmp; echo here >/tmp/left',
      writableWorkspace: true,
      limits: { processes: 123 },
      env: { A: 'the job' },
      secrets: { T: 'a-secret-of-the-job' },
    };
    const runs = await Promise.all(
      [1, 2].map(async () => {
        const runId = site.newRunId();
        const created: string[] = [];
        let limit = '';
        const events = {
          emit: async (event: { readonly type: string; readonly instance?: string }) => {
            if (event.type !== 'instance_created' || event.instance === undefined) return;
            created.push(event.instance);
            const found = must(await site.incus.instance(project, event.instance)).value;
            limit = found.config['limits.processes'] ?? '';
          },
        };
        const ended = must(await pikaci.runJob({ job, workspace: site.workspace, runId, events }));
        must(await ended.cleanUp);
        expect(ended.outcome).toMatchObject({ status: 'passed', acquired: { from: 'warm' } });
        expect(await readFile(ended.state.guestLog, 'utf8')).toBe(
          'hello from the workspace\nmore\n19\nthe job\n',
        );
        expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
        return { instance: created[0], limit };
      }),
    );
    // Which of them is not said: the pool is filled as soon as the first job is over.
    const taken = runs.map(({ instance }) => instance);
    expect(new Set(taken).size).toBe(2);
    expect(made.some((name) => taken.includes(name))).toBe(true);
    expect(runs.map(({ limit }) => limit)).toEqual(['123', '123']);

    // What cannot be bound late is made, and says why.
    const cold = must(
      await pikaci.runJob({
        job: { id: 'j', command: 'true', limits: { disk: '3GiB' } },
        workspace: site.workspace,
        runId: site.newRunId(),
      }),
    );
    must(await cold.cleanUp);
    expect(cold.outcome.acquired).toMatchObject({ from: 'cold', reason: expect.stringContaining('disk') });

    await pikaci.close();
    const full = must(await site.pikaci.poolStatus()).waiting;
    expect(full.map(({ isUp }) => isUp)).toEqual([true, true]);
    expect(full.filter(({ name }) => taken.includes(name))).toEqual([]);
  });

  it('is of a template where it says so: jobs of it find what its setup left, without a copy being made for them', async () => {
    const from = site.host.image;
    const setup = `echo by the setup >/opt/mark # ${site.newRunId()}`;
    const templates = { kept: { from, setup, runAsRoot: true } };
    const jobs = [{ id: 'j', template: 'kept', command: 'cat /opt/mark hello.txt' }];
    const targets = { t: { templates, jobs } };
    const ask = { target: 't', workspace: site.workspace };
    const pikaci = site.open({ targets, warm: { size: 1, template: 'kept' } });
    must(await pikaci.buildTemplates(ask));
    const { made } = must(await pikaci.fillPool());
    expect(made).toHaveLength(1);
    const run = must(await pikaci.runTarget({ ...ask, runId: site.newRunId() }));
    must(await run.cleanUp);
    const [end] = run.jobs;
    if (end?.kind !== 'ended') throw new Error(`the job ended as ${end?.kind}`);
    expect(end.run.outcome).toMatchObject({ status: 'passed', acquired: { from: 'warm' } });
    const log = await readFile(end.run.state.guestLog, 'utf8');
    expect(log).toBe('by the setup\nhello from the workspace\n');
    await pikaci.close();
    expect(must(await site.pikaci.listTemplates())).toMatchObject([{ name: 'kept', inUse: true }]);
    must(await site.pikaci.drainPool());
    await removeTemplates(site);
  });
});
