import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadRunRecord, loadSteps } from '../../../../src/composition/run-state.js';
import { runningStep, stepRecord, writeSteps } from '../../../support/job-steps.js';
import { RUN_ID, runJobRecord, runRecord, writeRun } from '../../../support/recorded-run.js';
import { temporaryDirectory } from '../../../support/temporary-directory.js';

const RUNNING = runRecord({
  status: 'running',
  finished_at: null,
  jobs: [runJobRecord('unit', { status: 'running', finished_at: null, exit_code: null })],
});
const STEPS = [stepRecord('build', { log_end: 7 }), runningStep('test', 7)];

describe('the steps of a job', () => {
  it('are those that came to their turn, and none where nothing is recorded of steps', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(root.path);
    expect((await loadSteps(root.path, RUN_ID, { job: 'unit' }))._unsafeUnwrap()).toEqual([]);
    expect((await loadSteps(root.path, RUN_ID, { job: 'nobody' }))._unsafeUnwrap()).toEqual([]);
    await writeSteps(runDir, 'unit', STEPS);
    expect((await loadSteps(root.path, RUN_ID, { job: 'unit' }))._unsafeUnwrap()).toEqual(STEPS);
  });

  it('are a fault for what is no id, and for a file that is not what it should be', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(root.path);
    const fault = async (job: string, runId = RUN_ID) =>
      (await loadSteps(root.path, runId, { job }))._unsafeUnwrapErr().kind;
    expect(await fault('../unit')).toBe('invalid_id');
    expect(await fault('unit', '..')).toBe('invalid_id');
    await writeFile(join(runDir, 'jobs/unit/steps.json'), '{"steps":[{}]}');
    expect(await fault('unit')).toBe('damaged');
  });

  it('are in the record of a run while the job goes on, and as its outcome had them afterwards', async () => {
    await using root = await temporaryDirectory();
    const runDir = await writeRun(root.path, RUNNING);
    const steps = async () => (await loadRunRecord(root.path, RUN_ID))._unsafeUnwrap().jobs[0]?.steps;
    expect(await steps()).toBeUndefined();
    await writeSteps(runDir, 'unit', STEPS);
    expect(await steps()).toEqual(STEPS);
    await writeFile(join(runDir, 'jobs/unit/steps.json'), '{');
    expect(await steps()).toBeUndefined();
    await rm(join(runDir, 'jobs/unit/steps.json'));
    const ended = [stepRecord('build')];
    await writeFile(
      join(runDir, 'run.json'),
      JSON.stringify(runRecord({ jobs: [runJobRecord('unit', { steps: ended })] })),
    );
    await writeSteps(runDir, 'unit', STEPS);
    expect(await steps()).toEqual(ended);
  });
});
