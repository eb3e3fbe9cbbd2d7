import { describe, expect, it } from 'vitest';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import { must, mustFail } from '../../../../src/testing/contract/expect-result.js';
import { MortalRunner } from '../../../support/mortal-runner.js';
import { type MemoryRun, memoryRun, STATE, WORKSPACE } from '../memory-run.js';

/** More calls than a job makes. */
const MOST_CALLS = 120;

interface Killed {
  readonly run: MemoryRun;
  readonly begun: () => number;
  /** Calls of the runner, the last one its last; null when it lived to the end. */
  readonly calls: readonly string[] | null;
}

async function killed(
  secrets: Record<string, string>,
  diesAt: { readonly call: number; readonly when: 'before' | 'after' },
): Promise<Killed> {
  let begun = 0;
  const run = await memoryRun({
    script: async (job) => {
      begun += 1;
      job.write('once\n');
      return 0;
    },
  });
  const mortal = new MortalRunner(diesAt);
  const { incus, localFiles, hostFiles, ...rest } = run.host.adapters;
  const adapters = {
    ...rest,
    incus: mortal.of(incus),
    localFiles: mortal.of(localFiles),
    hostFiles: mortal.of(hostFiles),
  };
  const config = { host: 'local', workDir: '/var/pikaci', stateRoot: '/state' } as const;
  const pikaci = must(createPikaci(config, { adapters }));
  const job = { id: 'job', command: 'make', secrets };
  const lived = pikaci.runJob({ job, workspace: WORKSPACE, runId: 'run' }).then(async (ended) => {
    if (ended.isOk()) await ended.value.cleanUp;
    return 'lived' as const;
  });
  const end = await Promise.race([lived, mortal.died]);
  // What the guest was given before goes on.
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  run.host.processes.restart('killed');
  return { run, begun: () => begun, calls: end === 'lived' ? null : mortal.made.slice(0, diesAt.call) };
}

describe.each([
  ['without secrets', {}],
  ['with a secret', { TOKEN: 'hunter2-hunter2' }],
])('a job %s whose runner was killed', (_name, secrets) => {
  for (const when of ['before', 'after'] as const)
    for (const machine of ['there', 'reaped'] as const)
      it(`${when} any of its calls is never told lost when it never began, nor the reverse: its machine is ${machine}`, async () => {
        let unsure = 0;
        for (let call = 1; ; call++) {
          if (call > MOST_CALLS) throw new Error(`a job makes more than ${MOST_CALLS} calls`);
          const { run, begun, calls } = await killed(secrets, { call, when });
          if (calls === null) break;
          const [instance] = run.host.incus.allInstances;
          if (machine === 'reaped' && instance !== undefined) {
            const stop = { action: 'stop', force: true, timeoutSecs: 10 } as const;
            if (instance.status === 'Running')
              must(await run.host.incus.changeState('default', instance.name, stop));
            must(await run.host.incus.deleteInstance('default', instance.name));
          }
          const before = begun();
          const attached = await run.another().attach('run', 'job');
          if (attached.isOk()) await attached.value.cleanUp;
          const at = `killed ${when} call ${call}, ${calls.at(-1)}`;
          const found = attached.isOk() ? attached.value.outcome : attached.error.kind;
          if (typeof found === 'string') {
            expect({ found, begun: begun() }, at).toEqual({ found: 'no_such_job', begun: 0 });
            mustFail(await run.another().attach('run', 'job'), 'no_such_job');
          } else if (found.status !== 'passed') {
            // Where the hand-over was under way nobody can say, and then it is not said that it never began.
            expect(found.cause, at).toBe('lost');
            expect(machine, at).toBe('reaped');
            if (before === 0) unsure += 1;
          }
          expect(begun(), at).toBeLessThan(2);
          expect(run.host.incus.allInstances, at).toEqual([]);
        }
        // Between the note of the hand-over and the guest's taking of the job lies one call.
        expect(unsure).toBeLessThan(3);
      });
});

describe('the record of a job', () => {
  it('says that it may have begun before the machine is given it, and not while the machine is made', async () => {
    const seen: Record<string, unknown> = {};
    const run = await memoryRun();
    const noted = async () => JSON.parse(await run.state('job.json').catch(() => 'null'))?.handed_over_at;
    const { incus } = run.host;
    const held = incus.faults.holdNextCreate();
    const { handler } = run.host.supervisor;
    incus.execHandler = async function* (call) {
      seen['given'] ??= await noted();
      return yield* handler(call);
    };
    const ended = run.pikaci.runJob({
      job: { id: 'job', command: 'make' },
      workspace: WORKSPACE,
      runId: 'run',
    });
    await held.reached;
    seen['made'] = await noted();
    held.release();
    expect(must(await ended).outcome.status).toBe('passed');
    expect(seen).toEqual({ made: null, given: expect.stringMatching(/^2/) });
    expect(await noted()).toBe(seen['given']);
  });

  it('of before 0.2 says nothing of it: its job may have begun', async () => {
    const { run } = await killed({}, { call: 1_000, when: 'after' });
    const { handed_over_at: _, ...old } = JSON.parse(await run.state('job.json'));
    const text = JSON.stringify({ ...old, outcome: null });
    must(await run.host.localFiles.writeFile(`${STATE}/job.json`, Buffer.from(text)));
    const { outcome } = must(await run.another().attach('run', 'job'));
    expect(outcome).toMatchObject({ cause: 'lost', message: 'the machine is gone, and left no exit record' });
  });
});
