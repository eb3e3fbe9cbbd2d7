import { describe, expect, it } from 'vitest';
import { gcRuns } from '../../../../src/application/gc/gc-runs.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun, WORKSPACE } from '../memory-run.js';

const target = (command: string, runId: string) => ({
  target: 't',
  runId,
  definition: { jobs: [{ id: 'job', command }] },
  workspace: WORKSPACE,
});

async function removed({ host }: MemoryRun): Promise<readonly string[]> {
  const { localFiles: files, processes, clock } = host;
  return must(await gcRuns({ files, processes, clock }, { stateRoot: '/state', keepRuns: 0 })).removed;
}

describe('the state of old runs', () => {
  it('stays while the machine of a failed job is kept, and goes after that', async () => {
    const run = await memoryRun({ script: async () => 3 });
    must(await run.pikaci.runTarget({ ...target('x', 'kept'), keepOnFailureSecs: 600 }));
    must(await run.pikaci.runTarget(target('x', 'failed')));
    expect(await removed(run)).toEqual(['failed']);
    await run.host.clock.advance(599_000);
    expect(await removed(run)).toEqual([]);
    await run.host.clock.advance(2000);
    expect(await removed(run)).toEqual(['kept']);
  });

  it('stays while a process attaches to a job of it, whatever is recorded of the run', async () => {
    let ends: () => void = () => {};
    const ended = new Promise<void>((resolve) => {
      ends = resolve;
    });
    const run = await memoryRun({
      script: async ({ write }) => {
        write('begun\n');
        await ended;
        return 0;
      },
    });
    const leave = new AbortController();
    const events = {
      emit: ({ type }: { readonly type: string }) => {
        if (type === 'log_bytes') leave.abort();
      },
    };
    const call = { signal: leave.signal, onAbort: 'detach', events } as const;
    must(await run.pikaci.runTarget({ ...target('x', 'r'), ...call }));
    // As if the run had failed for its runner, and was over.
    const path = '/state/runs/r/run.json';
    const record = JSON.parse(Buffer.from(must(await run.host.localFiles.readFile(path))).toString('utf8'));
    const failed = { ...record, status: 'failed', jobs: [{ ...record.jobs[0], status: 'failed' }] };
    must(await run.host.localFiles.writeFile(path, Buffer.from(JSON.stringify(failed))));
    const seen: string[] = [];
    const attached = run
      .another()
      .attach('r', 'job', { events: { emit: ({ type }) => void seen.push(type) } });
    await expect.poll(() => seen.length, { timeout: 20_000 }).toBeGreaterThan(0);
    expect(await removed(run)).toEqual([]);
    ends();
    must(await must(await attached).cleanUp);
    expect(await removed(run)).toEqual(['r']);
  });
});
