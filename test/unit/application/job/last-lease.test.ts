import { describe, expect, it } from 'vitest';
import { readLease } from '../../../../src/domain/machine/lease.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun, WORKSPACE } from '../memory-run.js';

const JOB = { id: 'job', command: 'make', timeoutSecs: 7200 } as const;
const input = { job: JOB, workspace: WORKSPACE, runId: 'run' } as const;

/** The next reads of the instance, and with it of its lease, lose their connection. */
function outage(run: MemoryRun, calls: number): void {
  for (let i = 0; i < calls; i++) run.host.incus.faults.failNext('instance', 'connection_lost');
}

function leaseSecs(run: MemoryRun): number {
  const [instance] = run.host.incus.allInstances;
  const lease = readLease(instance?.config ?? {});
  return ((lease?.expiresAtMs ?? 0) - run.host.clock.now()) / 1000;
}

const warnings = (run: MemoryRun) =>
  run.events.flatMap((event) => (event.type === 'warning' ? [event.message] : []));

/** A job that fails and whose machine is to be kept, with a connection that is lost in the moment of that. */
async function keptThrough(calls: number) {
  const run = await memoryRun({ script: async () => 3 });
  const emit = (event: (typeof run.events)[number]) => {
    run.events.push(event);
    if (event.type === 'job_finished') outage(run, calls);
  };
  const job = must(await run.pikaci.runJob({ ...input, keepOnFailureSecs: 1800, events: { emit } }));
  return { run, kept: await job.cleanUp };
}

/** A job that is left running, with a connection that is lost in the moment of that. */
async function leftThrough(calls: number) {
  const stop = new AbortController();
  const run = await memoryRun({
    script: async () => {
      queueMicrotask(() => {
        outage(run, calls);
        stop.abort();
      });
      await new Promise(() => {});
      return 0;
    },
  });
  const left = must(
    await run.pikaci.runJob({ ...input, signal: stop.signal, onAbort: 'detach', events: run.sink }),
  );
  expect(left.outcome.status).toBe('detached');
  return run;
}

describe('a connection that is lost for a while', () => {
  it('takes no machine away that is kept after a failure', async () => {
    const { run, kept } = await keptThrough(8);
    must(kept);
    expect(leaseSecs(run)).toBeGreaterThan(1700);
    expect(warnings(run)).toEqual([expect.stringContaining('is kept until')]);
  });

  it('is said when it lasts: the machine could not be kept', async () => {
    const { run, kept } = await keptThrough(1000);
    mustFail(kept, 'incus');
    expect(warnings(run)).toEqual([expect.stringContaining('could not be kept')]);
  });

  it('takes no job away that is left running', async () => {
    const run = await leftThrough(8);
    expect(warnings(run)).toEqual([]);
    expect(leaseSecs(run)).toBeGreaterThan(JOB.timeoutSecs);
  });

  it('is said when it lasts: the lease of the job that is left could not be made longer', async () => {
    const run = await leftThrough(1000);
    expect(warnings(run)).toEqual([expect.stringContaining('the lease could not be made longer')]);
  });

  it('shortens no lease that an attach is to see to', async () => {
    const run = await memoryRun({ script: async () => 3 });
    must(await must(await run.pikaci.runJob({ ...input, keepOnFailureSecs: 1800 })).cleanUp);
    const [instance] = run.host.incus.allInstances;
    if (instance === undefined) throw new Error('the machine is gone');
    // As the first runner leaves it that dies before it has seen to that.
    instance.config = {
      ...instance.config,
      'user.pikaci.lease_expires_at_ms': String(run.host.clock.now() + 60_000),
    };
    const before = leaseSecs(run);
    const attached = must(await run.another().attach('run', 'job'));
    outage(run, 8);
    must(await attached.cleanUp);
    expect(before).toBeLessThan(61);
    expect(leaseSecs(run)).toBeGreaterThan(1700);
  });

  it('takes no open machine away that its process leaves', async () => {
    const run = await memoryRun();
    const machine = must(await run.pikaci.openMachine({ id: 'm', leaseSecs: 600 }));
    outage(run, 8);
    must(await machine.leave());
    expect(leaseSecs(run)).toBeGreaterThan(550);
  });
});
