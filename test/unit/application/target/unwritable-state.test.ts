import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { loadRunRecord } from '../../../../src/application/records/load-run-record.js';
import type { FileFault } from '../../../../src/ports/file-store.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { TargetInMemory } from './target-in-memory.js';

const job = (id: string) => ({ id, command: `run ${id}` });

/** From now on no file whose path ends like this can be written. */
function fillDisk(target: TargetInMemory, ...names: string[]): void {
  const { localFiles } = target.host;
  for (const operation of ['writeFile', 'appendFile'] as const) {
    const real = localFiles[operation].bind(localFiles);
    localFiles[operation] = (path, data, options) => {
      if (!names.some((name) => path.endsWith(name))) return real(path, data, options);
      const fault: FileFault = {
        kind: 'no_space',
        host: 'local',
        path,
        operation,
        message: 'no space is left',
      };
      return Promise.resolve(err(fault));
    };
  }
}

describe('a run whose records cannot be written', () => {
  it('keeps the results of its jobs, cleans up, and names each file once', async () => {
    const target = await TargetInMemory.of(
      { jobs: [job('a'), job('b')] },
      { script: async ({ request }) => (request.command === 'run b' ? 4 : 0) },
    );
    const run = must(
      await target.start({
        events: {
          emit: (event) => {
            target.events.push(event);
            if (event.type === 'job_started' && event.job_id === 'a')
              fillDisk(target, 'run/run.json', 'run/events.jsonl', 'jobs/a/host.log');
          },
          emitRun: (event) => void target.events.push(event),
        },
      }),
    );
    must(await run.cleanUp);
    expect(target.host.incus.allInstances).toEqual([]);
    expect(run.record.status).toBe('failed');
    expect(run.jobs.map((end) => end.kind === 'ended' && end.run.outcome.exit_code)).toEqual([0, 4]);
    const warnings = target.events.flatMap((event) =>
      event.type === 'run_warning' || event.type === 'warning' ? [event.message] : [],
    );
    expect(warnings.sort()).toEqual([
      '/state/runs/run/events.jsonl could not be written, and the run goes on: no space is left',
      '/state/runs/run/jobs/a/host.log could not be written: no space is left',
      '/state/runs/run/run.json could not be written, and the run goes on: no space is left',
    ]);
    const { localFiles: files, processes } = target.host;
    const load = () => loadRunRecord({ files, processes }, { stateRoot: '/state', runId: 'run' });
    processes.restart('killed');
    const record = must(await load());
    expect(record).toMatchObject({ status: 'failed', jobs: [{ status: 'passed' }, { exit_code: 4 }] });
  });

  it('runs its jobs on outputs that could not be recorded', async () => {
    const target = await TargetInMemory.of({
      prepare: [{ id: 'sdk', type: 'path', path: '/opt/sdk' }],
      jobs: [{ ...job('a'), dependsOn: ['sdk'] }],
    });
    await target.writeOutput('/opt/sdk', '/sdk');
    fillDisk(target, 'prepared-outputs.json');
    const run = await target.run();
    expect(run.record).toMatchObject({ status: 'passed', prepared_outputs_path: null });
    expect(target.events).toContainEqual(
      expect.objectContaining({
        type: 'run_warning',
        message: expect.stringContaining('prepared-outputs.json'),
      }),
    );
  });
});
