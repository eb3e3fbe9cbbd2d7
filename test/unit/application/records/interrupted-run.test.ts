import { describe, expect, it } from 'vitest';
import type { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { gcRuns } from '../../../../src/application/gc/gc-runs.js';
import { followEvents } from '../../../../src/application/records/follow-events.js';
import { loadRunRecord } from '../../../../src/application/records/load-run-record.js';
import type { RunRecord } from '../../../../src/domain/records/run-record.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

const TARGETS = {
  t: {
    jobs: [
      { id: 'a', command: 'x' },
      { id: 'b', command: 'x', dependsOn: ['a'] },
    ],
  },
};

/** A run whose runner is killed while job `a` runs in its machine; `begun` false: before that was recorded. */
async function killed(begun: boolean, how: 'killed' | 'elsewhere' | 'lives' = 'killed') {
  let inJob: () => void = () => {};
  const reached = new Promise<void>((resolve) => {
    inJob = resolve;
  });
  const run = await memoryRun({
    script: async ({ cancelled }) => {
      inJob();
      await cancelled;
      return 143;
    },
  });
  const { localFiles, processes, clock } = run.host;
  void run.another({ targets: TARGETS }).runTarget({ target: 't', workspace: WORKSPACE, runId: 'run' });
  await reached;
  if (!begun) must(await localFiles.remove('/state/runs/run/jobs/a/job.json'));
  if (how !== 'lives') processes.restart(how);
  const ports = { files: localFiles, processes, clock };
  const load = async () => must(await loadRunRecord(ports, { stateRoot: '/state', runId: 'run' }));
  return { run, ports, load };
}

const jobs = ({ jobs: all }: RunRecord) => all.map(({ id, status, message }) => [id, status, message]);

describe('a run whose runner was killed', () => {
  it('is interrupted, and says for each job how it goes on', async () => {
    const { load } = await killed(true);
    const record = await load();
    expect(record).toMatchObject({
      status: 'interrupted',
      message: 'its runner (process 1 of memory) has ended',
    });
    expect(jobs(record)).toEqual([
      ['a', 'interrupted', 'its runner has ended; "pikaci attach run a" resumes it'],
      ['b', 'interrupted', expect.stringContaining('"pikaci rerun run" runs all of it again')],
    ]);
  });

  it('before a machine was recorded is interrupted as well, and `attach` says so in one line without a path', async () => {
    const { run, load } = await killed(false);
    expect(jobs(await load())[0]?.slice(0, 2)).toEqual(['a', 'interrupted']);
    const fault = (await run.pikaci.attach('run', 'a'))._unsafeUnwrapErr();
    expect(fault.kind).toBe('no_such_job');
    expect(fault.message).toBe(
      'the job a of run cannot be attached to: its runner ended before the job had begun, and nothing is left to attach to; "pikaci resume run" goes on with its run and runs it, "pikaci rerun run" runs all of it again',
    );
    expect(fault.cause).toBeUndefined();
    const missing = async (runId: string, job: string) =>
      (await run.pikaci.attach(runId, job))._unsafeUnwrapErr().message;
    expect(await missing('run', 'c')).toBe('the run run has no job c; it has a, b');
    expect(await missing('other', 'a')).toBe('there is no run other in /state that has a job a');
  });

  it('before a job was handed over says what can be done: it is begun while its machine is there, and needs its runner for secrets', async () => {
    const { run, load } = await killed(true);
    const path = '/state/runs/run/jobs/a/job.json';
    const record = JSON.parse(Buffer.from(must(await run.host.localFiles.readFile(path))).toString('utf8'));
    const saying = async (changed: object) => {
      const text = Buffer.from(JSON.stringify({ ...record, ...changed }));
      must(await run.host.localFiles.writeFile(path, text));
      return jobs(await load())[0];
    };
    expect(await saying({ handed_over_at: null })).toEqual([
      'a',
      'interrupted',
      'its runner ended before the job had begun; "pikaci attach run a" begins it while its machine is there, and "pikaci rerun run" runs it again',
    ]);
    expect((await saying({ handed_over_at: null, secret_names: ['TOKEN'] }))?.[2]).toBe(
      'its runner ended before the job had begun, and nothing is left to attach to; "pikaci resume run" goes on with its run and runs it, "pikaci rerun run" runs all of it again',
    );
    const resumes = 'its runner has ended; "pikaci attach run a" resumes it';
    expect((await saying({ handed_over_at: undefined }))?.[2]).toBe(resumes);
    must(await run.host.localFiles.writeFile(path, Buffer.from('{')));
    expect(jobs(await load())[0]?.[2]).toBe(resumes);
  });

  it('runs again as far as others can see while somebody has taken a job up, and has that job’s end', async () => {
    const { run, load } = await killed(true);
    const cancel = new AbortController();
    const attached = run.pikaci.attach('run', 'a', {
      signal: cancel.signal,
      events: {
        emit: (event) => {
          if (event.type === 'phase_started' && event.phase === 'wait_for_completion') cancel.abort();
        },
      },
    });
    const outcome = must(await attached);
    must(await outcome.cleanUp);
    expect(jobs(await load())[0]).toEqual(['a', 'cancelled', expect.any(String)]);
  });

  it('of another machine is said to be out of sight, with the last sign of it: it may live', async () => {
    const { run, load } = await killed(true, 'elsewhere');
    const beat = '/state/runs/run/jobs/a/.lock-1/holder.json';
    const { mtimeMs } = must(await run.host.localFiles.stat(beat));
    const { status, message, jobs: all } = await load();
    expect(status).toBe('running');
    expect(message).toBe(
      `its runner is on memory (process 1), and cannot be seen from here; the last sign of it is of ${new Date(mtimeMs).toISOString()}; "pikaci attach run JOB" finds out, and resumes a job of one that is gone`,
    );
    expect(all.map((job) => job.status)).toEqual(['running', 'pending']);
  });

  it('says nothing of a runner that can be seen', async () => {
    expect((await (await killed(true, 'lives')).load()).message).toBeNull();
  });

  it('is not followed for ever, and is not collected as if it had ended', async () => {
    const { ports } = await killed(true);
    const reader = { read: (path: string) => readWhole(ports.files, path) };
    const query = { stateRoot: '/state', runId: 'run', from: 0, signal: new AbortController().signal };
    const types: string[] = [];
    for await (const stored of followEvents({ ...ports, reader }, query)) types.push(must(stored).event.type);
    expect(types[0]).toBe('run_started');
    const report = must(await gcRuns(ports, { stateRoot: '/state', keepRuns: 0 }));
    expect(report).toMatchObject({ removed: [], kept: ['run'] });
  });
});

async function readWhole(files: MemoryFileStore, path: string) {
  const read = await files.readFile(path);
  return read.map((data) => ({ data, offset: 0, size: data.length }));
}
