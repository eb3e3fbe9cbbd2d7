import { err } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { IncusApi } from '../../../../src/ports/incus-api.js';
import type { IncusFault } from '../../../../src/ports/incus-fault.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { type MemoryRun, memoryRun, WORKSPACE } from '../memory-run.js';

const KINDS = [
  'unreachable',
  'permission_denied',
  'connection_lost',
  'not_found',
  'already_exists',
  'stale',
  'busy',
  'invalid_request',
  'operation_failed',
  'timed_out',
  'unexpected_answer',
  'server_error',
  'aborted',
  'closed',
] as const satisfies readonly IncusFault['kind'][];
/** What an answer may be after which the call has been carried out all the same. */
const AFTERWARDS: readonly IncusFault['kind'][] = ['connection_lost', 'timed_out', 'unexpected_answer'];
/** More calls than any job here makes. */
const MOST_CALLS = 40;

interface Planted {
  readonly call: number;
  readonly kind: IncusFault['kind'];
  readonly when: 'before' | 'after';
}

/** The host's Incus, of whose calls one fails, before it has any effect or after it. */
function failing(incus: IncusApi, { call, kind, when }: Planted): { api: IncusApi; made: string[] } {
  const made: string[] = [];
  const api = new Proxy(incus, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function' || typeof name !== 'string') return value;
      return async (...args: unknown[]) => {
        made.push(name);
        const isPlanted = made.length === call;
        if (isPlanted && when === 'before') return planted(name);
        const answer: unknown = await Reflect.apply(value, target, args);
        return isPlanted ? planted(name) : answer;
      };
    },
  });
  const planted = (tried: string) =>
    err({ kind, host: 'memory', tried, status: null, message: `planted: ${kind}` });
  return { api, made };
}

async function played(secrets: Record<string, string>, planted: Planted) {
  let begun = 0;
  const run: MemoryRun = await memoryRun({
    script: async (job) => {
      begun += 1;
      job.write('once\n');
      return 0;
    },
  });
  const { api, made } = failing(run.host.incus, planted);
  const config = { host: 'local', workDir: '/var/pikaci', stateRoot: '/state' } as const;
  const pikaci = must(createPikaci(config, { adapters: { ...run.host.adapters, incus: api } }));
  const job = { id: 'job', command: 'make', secrets };
  const ended = await pikaci.runJob({ job, workspace: WORKSPACE, runId: 'run' });
  if (ended.isOk()) await ended.value.cleanUp;
  const first = ended.isOk() ? ended.value.outcome : null;
  const attached = await run.another().attach('run', 'job');
  if (attached.isOk()) await attached.value.cleanUp;
  return { ended, first, attached, begun: () => begun, made, run };
}

describe.each([
  ['without secrets', {}],
  ['with a secret', { TOKEN: 'hunter2-hunter2' }],
])('a job %s of whose calls of Incus one fails', (_name, secrets) => {
  for (const when of ['before', 'after'] as const)
    for (const kind of when === 'after' ? AFTERWARDS : KINDS)
      it(`with ${kind}, ${when} it has an effect, is never told wrong, whichever call it is`, async () => {
        for (let call = 1; call <= MOST_CALLS; call++) {
          const { first, attached, begun, made } = await played(secrets, { call, kind, when });
          if (made.length < call) return;
          const at = `call ${call} of ${made.join(', ')}`;
          const outcome = first ?? attached.unwrapOr(null)?.outcome ?? null;
          // A job that has ended says how, and one that did not begin has no outcome at all.
          if (outcome !== null) expect(outcome, at).toMatchObject({ status: 'passed', exit_code: 0 });
          else
            expect({ fault: attached._unsafeUnwrapErr().kind, begun: begun() }, at).toEqual({
              fault: 'no_such_job',
              begun: 0,
            });
          expect(begun(), at).toBeLessThan(2);
          if (first !== null) expect(must(attached).outcome, at).toEqual(first);
        }
        throw new Error(`a job makes more than ${MOST_CALLS} calls`);
      });
});
