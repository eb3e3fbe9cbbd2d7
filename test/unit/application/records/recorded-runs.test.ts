import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gcRuns, listRuns, loadRunRecord } from '../../../../src/composition/run-state.js';
import { NO_ARTIFACTS } from '../../../../src/domain/job/artifact.js';
import { jobRecord } from '../../../support/job-record.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../../support/recorded-run.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const hour = (number: number) => new Date(Date.UTC(2026, 0, 1, number)).toISOString();

async function writeRuns(stateRoot: string, ids: readonly string[]): Promise<void> {
  for (const [index, run_id] of ids.entries()) {
    await writeRun(
      stateRoot,
      runRecord({ run_id, created_at: hour(index), git_branch: index === 0 ? 'x' : 'main' }),
    );
  }
}

describe('the list of runs', () => {
  it('is empty where nothing has run', async () => {
    await using root = await temporaryDirectory();
    expect((await listRuns(root.path))._unsafeUnwrap()).toEqual({
      runs: [],
      matching: 0,
      total: 0,
      damaged: [],
    });
  });

  it('has the newest first, whatever the runs are called, and can be cut to a branch', async () => {
    await using root = await temporaryDirectory();
    await writeRuns(root.path, ['zebra', 'ant', 'mule']);
    const ids = async (options: object) =>
      (await listRuns(root.path, options))._unsafeUnwrap().runs.map((run) => run.run_id);
    expect(await ids({})).toEqual(['mule', 'ant', 'zebra']);
    expect(await ids({ branch: 'main', limit: 1 })).toEqual(['mule']);
    expect(await ids({ branch: 'x' })).toEqual(['zebra']);
    expect(await ids({ skip: 1, limit: 1 })).toEqual(['ant']);
    expect(await ids({ skip: 3 })).toEqual([]);
    const counts = { matching: 2, total: 3 };
    expect((await listRuns(root.path, { branch: 'main', skip: 1 }))._unsafeUnwrap()).toMatchObject(counts);
    expect((await listRuns(root.path, { skip: -1 }))._unsafeUnwrapErr().kind).toBe('invalid_option');
  });

  it('names what cannot be read, and leaves out what is no run', async () => {
    await using root = await temporaryDirectory();
    await writeRuns(root.path, ['a']);
    await mkdir(join(root.path, 'runs/b'));
    await mkdir(join(root.path, 'runs/.new-c'));
    await writeFile(join(root.path, 'runs/file'), '');
    const { runs, damaged } = (await listRuns(root.path))._unsafeUnwrap();
    expect([runs.map((run) => run.run_id), damaged.map(({ runId }) => runId)]).toEqual([['a'], ['b']]);
  });
});

describe('the record of a run whose runner was killed', () => {
  it('has the outcomes that its jobs recorded since, and so its own end', async () => {
    await using root = await temporaryDirectory();
    const jobs = [
      runJobRecord('a'),
      runJobRecord('b', { status: 'running', finished_at: null, exit_code: null }),
    ];
    const runDir = await writeRun(root.path, runRecord({ status: 'running', finished_at: null, jobs }));
    expect((await loadRunRecord(root.path, RUN_ID))._unsafeUnwrap().status).toBe('running');
    const outcome = {
      schema_version: 1,
      run_id: RUN_ID,
      job_id: 'b',
      status: 'failed',
      cause: 'exit',
      exit_code: 4,
      message: '',
      started_at: hour(1),
      finished_at: hour(2),
      phases: [],
      log_bytes: 0,
      kept_log_bytes: 0,
      artifacts: NO_ARTIFACTS,
      incus_image: null,
    };
    const record = {
      schema_version: 1,
      run_id: RUN_ID,
      job_id: 'b',
      created_at: hour(1),
      host: 'h',
      backend: 'incus',
      workspace: '/w',
      snapshot_hash: null,
      job_spec: {},
      secret_names: [],
      incus_project: null,
      incus_profile: null,
      incus_image: null,
      instance_name: null,
      launched_at: null,
      outcome,
    };
    await writeFile(join(runDir, 'jobs/b/job.json'), JSON.stringify(record));
    const run = (await loadRunRecord(root.path, RUN_ID))._unsafeUnwrap();
    expect(run).toMatchObject({ status: 'failed', finished_at: '2026-11-23T16:45:09.000Z' });
    expect(run.jobs[1]).toMatchObject({ status: 'failed', exit_code: 4, finished_at: hour(2) });
  });
});

describe('the collection of old runs', () => {
  it('keeps the newest, those that have not ended, and what has no record', async () => {
    await using root = await temporaryDirectory();
    await writeRuns(root.path, ['a', 'b', 'c', 'd']);
    const created_at = new Date().toISOString();
    const running = runRecord({ run_id: 'live', status: 'running', created_at: hour(0) });
    await writeRun(root.path, { ...running, created_at });
    await mkdir(join(root.path, 'runs/odd'));
    const dry = (await gcRuns(root.path, { keepRuns: 1, dryRun: true }))._unsafeUnwrap();
    expect(dry.removed).toEqual(['d', 'c', 'b', 'a']);
    const report = (await gcRuns(root.path, { keepRuns: 2 }))._unsafeUnwrap();
    expect(report).toEqual({
      removed: ['c', 'b', 'a'],
      damaged: [],
      kept: ['live', 'd', 'odd'],
      failed: [],
      machines: { removed: [], failed: [] },
    });
    expect((await readdir(join(root.path, 'runs'))).sort()).toEqual(['d', 'live', 'odd']);
  });

  it('removes what is damaged for good, and names it', async () => {
    await using root = await temporaryDirectory();
    const broken = async (run_id: string, text: string) =>
      writeFile(join(await writeRun(root.path, runRecord({ run_id })), 'run.json'), text);
    await broken('cut', '{"schema_version": 1, "run_');
    await broken('empty', '');
    await broken('foreign', JSON.stringify(runRecord({ run_id: 'cut' })));
    // Of a later version, and of a job that can still be taken up.
    await broken('later', '{"schema_version": 2}');
    await broken('detached', '{');
    const detached = jobRecord(
      { run_id: 'detached', created_at: new Date().toISOString(), outcome: null },
      [],
    );
    await writeFile(join(root.path, 'runs/detached/jobs/unit/job.json'), JSON.stringify(detached));
    const dry = (await gcRuns(root.path, { keepRuns: 9, dryRun: true }))._unsafeUnwrap();
    const report = (await gcRuns(root.path, { keepRuns: 9 }))._unsafeUnwrap();
    expect(dry.damaged).toEqual(report.damaged);
    expect(report.removed.toSorted()).toEqual(['cut', 'empty', 'foreign']);
    expect(report.damaged.map(({ runId }) => runId).toSorted()).toEqual(['cut', 'empty', 'foreign']);
    for (const { message } of report.damaged) expect(message).toContain('cannot be read');
    expect((await readdir(join(root.path, 'runs'))).sort()).toEqual(['detached', 'later']);
  });

  it('takes away what a killed runner left half made or half removed, once that is a day old', async () => {
    await using root = await temporaryDirectory();
    for (const name of ['.new-x', '.removing-y', '.new-z']) {
      await mkdir(join(root.path, 'runs', name, 'jobs'), { recursive: true });
      const old = new Date(Date.now() - 48 * 3600_000);
      if (name !== '.new-z') await utimes(join(root.path, 'runs', name), old, old);
    }
    (await gcRuns(root.path, { keepRuns: 0 }))._unsafeUnwrap();
    expect(await readdir(join(root.path, 'runs'))).toEqual(['.new-z']);
  });

  it('takes away the logs of a template whose maker was killed, once nobody can make it any more', async () => {
    await using root = await temporaryDirectory();
    for (const [name, days] of [
      ['old', 9],
      ['new', 7],
    ] as const) {
      const folder = join(root.path, 'templates', name);
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'node.log'), 'begun\n');
      const then = new Date(Date.now() - days * 24 * 3600_000);
      await utimes(folder, then, then);
    }
    (await gcRuns(root.path, { keepRuns: 0 }))._unsafeUnwrap();
    expect(await readdir(join(root.path, 'templates'))).toEqual(['new']);
  });
});
