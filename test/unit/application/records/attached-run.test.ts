import { describe, expect, it } from 'vitest';
import { loadRunRecord } from '../../../../src/application/records/load-run-record.js';
import type { RunRecord } from '../../../../src/domain/records/run-record.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun, WORKSPACE } from '../memory-run.js';

const job = (id: string, dependsOn: string[] = []) => ({ id, command: `run ${id}`, dependsOn });

/** A run whose job `a` writes a line and waits for `finish`. */
async function running(target: object) {
  let finish = () => {};
  const finished = new Promise<void>((resolve) => {
    finish = resolve;
  });
  let begin = () => {};
  const began = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const run = await memoryRun({
    script: async ({ request, write, cancelled }) => {
      if (request.command === 'run hangs') return cancelled.then(() => 143);
      if (request.command !== 'run a') return 0;
      write('begun\n');
      begin();
      await finished;
      return 0;
    },
  });
  const { localFiles: files, processes } = run.host;
  const load = async () =>
    must(await loadRunRecord({ files, processes }, { stateRoot: '/state', runId: 'run' }));
  const pikaci = run.another({ targets: { t: target as never } });
  return { run, pikaci, finish, began, load };
}

const statuses = ({ status, jobs }: RunRecord) => [status, ...jobs.map((one) => one.status)];

/** Every way to the daemon is cut from now on, until the returned function is called. */
function cutLink({ host }: MemoryRun): () => void {
  const { faults } = host.incus;
  for (let i = 0; i < 200; i++) faults.failNext('exec', 'connection_lost');
  host.incus.dropConnections();
  return () => {
    while (faults.takeCall('exec') !== undefined);
  };
}

describe('a run whose link was lost', () => {
  const target = { parallel: 2, jobs: [job('a'), job('b', ['a'])] };

  async function lost(jobs = target) {
    const at = await running(jobs);
    let restore = () => {};
    const events = {
      emit: (event: { type: string; job_id: string }) => {
        if (event.type === 'log_bytes' && event.job_id === 'a') restore = cutLink(at.run);
      },
    };
    must(await at.pikaci.runTarget({ target: 't', workspace: WORKSPACE, runId: 'run', events }));
    return { ...at, restore: () => restore() };
  }

  it('has failed until an attach has its result, and then stands as that says', async () => {
    const { run, load, finish, restore } = await lost({ parallel: 1, jobs: [job('a')] });
    expect(statuses(await load())).toEqual(['failed', 'failed']);
    restore();
    finish();
    must(await run.another().attach('run', 'a'));
    const record = await load();
    expect(statuses(record)).toEqual(['passed', 'passed']);
    expect(record).toMatchObject({ message: null, jobs: [{ exit_code: 0, message: 'the command passed' }] });
    expect(record.finished_at).toBe(record.jobs[0]?.finished_at);
  });

  it('goes on, as far as others can see, while somebody follows its job', async () => {
    const { run, load, finish, restore } = await lost();
    restore();
    let meanwhile: RunRecord | null = null;
    let seen = () => {};
    const looked = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const attached = run.another().attach('run', 'a', {
      events: {
        emit: (event) => {
          if (event.type !== 'phase_started' || event.phase !== 'wait_for_completion') return;
          void load().then((record) => {
            meanwhile = record;
            seen();
          });
        },
      },
    });
    await looked;
    finish();
    must(await attached);
    expect(statuses(meanwhile as never)[0]).toBe('running');
    expect((meanwhile as unknown as RunRecord).jobs[0]).toMatchObject({ status: 'running', message: null });
  });

  it('is not green when what waited for the job never ran', async () => {
    const { run, load, finish, restore } = await lost();
    expect(statuses(await load())).toEqual(['failed', 'failed', 'skipped']);
    restore();
    finish();
    must(await run.another().attach('run', 'a'));
    const record = await load();
    expect(statuses(record)).toEqual(['interrupted', 'passed', 'skipped']);
    expect(record.message).toBe('b never ran');
  });
});

describe('a run whose runner was killed', () => {
  it('after a prepare node had failed is failed, whatever an attach of one of its jobs says', async () => {
    const { run, pikaci, began, load, finish } = await running({
      parallel: 2,
      prepare: [{ id: 'sdk', type: 'path', path: '/opt/sdk' }],
      jobs: [job('a'), job('b', ['sdk'])],
    });
    void pikaci.runTarget({ target: 't', workspace: WORKSPACE, runId: 'run' });
    await began;
    run.host.processes.restart('killed');
    expect(statuses(await load())).toEqual(['interrupted', 'interrupted', 'skipped']);
    finish();
    must(await run.another().attach('run', 'a'));
    expect(statuses(await load())).toEqual(['failed', 'passed', 'skipped']);
    expect((await load()).message).toBe('sdk failed');
  });

  it('before some of its jobs began is interrupted, and no attach makes it green', async () => {
    const { run, pikaci, began, load, finish } = await running({
      parallel: 2,
      jobs: [job('a'), job('hangs'), job('b', ['hangs'])],
    });
    void pikaci.runTarget({ target: 't', workspace: WORKSPACE, runId: 'run' });
    await began;
    run.host.processes.restart('killed');
    finish();
    must(await run.another().attach('run', 'a'));
    expect(statuses(await load())).toEqual(['interrupted', 'passed', 'interrupted', 'interrupted']);
  });
});
