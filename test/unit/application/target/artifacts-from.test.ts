import { describe, expect, it } from 'vitest';
import type { TargetConfigInput } from '../../../../src/domain/target/target-config.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { TargetInMemory } from './target-in-memory.js';

const job = (id: string, more: object = {}) => ({ id, command: `run ${id}`, ...more });
const BUILD = { artifacts: ['/artifacts/**', 'out/**'] };

/** A target whose jobs leave what `leaves` says, and what each found on the host where its artifacts of others are mounted from. */
async function site(
  target: TargetConfigInput,
  leaves: Record<string, Record<string, string>>,
  broken: readonly string[] = [],
) {
  const fails = new Set(broken);
  const ran: string[] = [];
  const found: Record<string, Record<string, string>> = {};
  const uploads: string[] = [];
  const memory: TargetInMemory = await TargetInMemory.of(target, {
    script: async ({ request, files }) => {
      const id = request.command.replace('run ', '');
      ran.push(id);
      const machines = must(await memory.host.incus.instances('default'));
      const own = machines.find(({ description }) => description?.endsWith(`/${id}`) === true);
      for (const { path = '', source = '', readonly = '' } of Object.values(own?.devices ?? {})) {
        if (!path.startsWith('/artifacts-from/')) continue;
        expect(readonly).toBe('true');
        found[`${id} ${path}`] = await contentOf(memory, source);
        uploads.push(source);
      }
      for (const [path, content] of Object.entries(leaves[id] ?? {})) {
        if (path.includes('/')) must(files.makeDirectory({ path: `/artifacts/${path.split('/')[0]}` }));
        files.write({ path: `/artifacts/${path}`, content: Buffer.from(content) });
      }
      return fails.has(id) ? 1 : 0;
    },
  });
  return { memory, fails, ran, found, uploads };
}

async function contentOf({ host }: TargetInMemory, source: string): Promise<Record<string, string>> {
  const content: Record<string, string> = {};
  const look = async (below: string): Promise<void> => {
    const listed = await host.hostFiles.list(`${source}/${below}`);
    for (const { name, type } of listed.unwrapOr([])) {
      const path = below === '' ? name : `${below}/${name}`;
      if (type === 'directory') await look(path);
      else content[path] = Buffer.from(must(await host.hostFiles.readFile(`${source}/${path}`))).toString();
    }
  };
  await look('');
  return content;
}

describe('the artifacts of a job in another', () => {
  it('are mounted read-only by the id of the job, of each job of a matrix, and the job waits for them', async () => {
    const { memory, ran, found } = await site(
      {
        jobs: [
          job('use', { artifactsFrom: ['build', 'part'] }),
          job('build', BUILD),
          job('part', { ...BUILD, matrix: { n: [1, 2] }, command: 'run part-$MATRIX_N' }),
        ],
      },
      { build: { app: 'the program', '.git/config': 'hostile', 'node_modules/x': '' } },
    );
    const { record } = await memory.run();
    expect(record.status).toBe('passed');
    expect(ran.at(-1)).toBe('use');
    expect(found).toEqual({
      'use /artifacts-from/build': { app: 'the program', '.git/config': 'hostile', 'node_modules/x': '' },
      'use /artifacts-from/part-1': {},
      'use /artifacts-from/part-2': {},
    });
    const plan = (await memory.plan()).nodes.find(({ id }) => id === 'use');
    expect(plan).toMatchObject({ artifacts_from: ['build', 'part-1', 'part-2'] });
    expect(record.jobs.find(({ id }) => id === 'use')).toMatchObject({
      artifacts_from: ['build', 'part-1', 'part-2'],
    });
  });

  it('are not waited for in vain: a job whose source failed is skipped, but for one that is allowed to fail, and with "always"', async () => {
    const jobs = [
      job('bad', BUILD),
      job('allowed', { ...BUILD, allowFailure: true }),
      job('skipped', { ...BUILD, dependsOn: ['bad'] }),
      job('a', { artifactsFrom: ['bad'] }),
      job('b', { artifactsFrom: ['allowed'] }),
      job('c', { artifactsFrom: ['bad', 'skipped'], when: 'always' }),
    ];
    const leaves = { bad: { log: 'of bad' }, allowed: { log: 'of allowed' } };
    const { memory, ran, found } = await site({ jobs }, leaves, ['bad', 'allowed']);
    const { record } = await memory.run();
    expect(ran.sort()).toEqual(['allowed', 'b', 'bad', 'c']);
    expect(found).toEqual({
      'b /artifacts-from/allowed': { log: 'of allowed' },
      'c /artifacts-from/bad': { log: 'of bad' },
      'c /artifacts-from/skipped': {},
    });
    expect(record.jobs.find(({ id }) => id === 'a')).toMatchObject({
      status: 'skipped',
      message: 'bad failed',
    });
  });

  it('are those of the run that made them where they are taken over, and are not sent again', async () => {
    const jobs = [job('build', BUILD), job('use', { artifactsFrom: ['build'] })];
    const { memory, fails, ran, found, uploads } = await site({ jobs }, { build: { app: 'v1' } }, ['use']);
    await memory.run();
    fails.clear();
    ran.length = 0;
    const again = must(await memory.pikaci.rerun('run', { runId: 'second', only: { failed: true } }));
    await again.cleanUp;
    expect([again.record.status, ran]).toEqual(['passed', ['use']]);
    expect(found['use /artifacts-from/build']).toEqual({ app: 'v1' });
    expect(new Set(uploads).size).toBe(1);
  });

  it('are those of the last attempt', async () => {
    const jobs = [
      job('build', { ...BUILD, retry: { max: 1, when: ['failed'], backoffSecs: 0 } }),
      job('use', { artifactsFrom: ['build'] }),
    ];
    const fails = ['build'];
    let tries = 0;
    const leaves = {
      get build() {
        tries += 1;
        return { [`try-${tries}`]: '' };
      },
    };
    const { memory, found, ...more } = await site({ jobs }, leaves, fails);
    const ended = memory.run({
      events: {
        emit: (event) => {
          if (event.type === 'job_retried') more.fails.clear();
        },
      },
    });
    expect((await ended).record.status).toBe('passed');
    expect(found['use /artifacts-from/build']).toEqual({ 'try-2': '' });
  });

  it('are nothing that lies there beside them, and a job does not run without those that were brought back', async () => {
    const jobs = [
      job('build', BUILD),
      job('wait', { dependsOn: ['build'] }),
      job('use', { artifactsFrom: ['build'], dependsOn: ['wait'] }),
    ];
    const { memory, found } = await site(
      { jobs },
      {
        build: { app: 'v1', other: 'x' },
      },
    );
    await memory.run();
    const folder = '/state/runs/run/jobs/build/artifacts';
    must(await memory.host.localFiles.writeFile(`${folder}/planted`, Buffer.from('not collected')));
    const again = must(await memory.pikaci.rerun('run', { runId: 'second', only: { jobs: ['use'] } }));
    await again.cleanUp;
    expect(found['use /artifacts-from/build']).toEqual({ app: 'v1', other: 'x' });
    must(await memory.host.localFiles.remove(`${folder}/other`));
    const third = must(await memory.pikaci.rerun('run', { runId: 'third', only: { jobs: ['use'] } }));
    await third.cleanUp;
    expect(third.record.jobs.find(({ id }) => id === 'use')).toMatchObject({
      status: 'failed',
      message: expect.stringContaining(
        `${folder}/other is not the file that was brought back; run build again`,
      ),
    });
    must(await memory.host.localFiles.remove('/state/runs/run/jobs/build', { recursive: true }));
    const fourth = must(await memory.pikaci.rerun('run', { runId: 'fourth', only: { jobs: ['use'] } }));
    await fourth.cleanUp;
    expect(fourth.record.jobs.find(({ id }) => id === 'use')?.message).toContain(
      'the artifacts of build are gone',
    );
  });
});
