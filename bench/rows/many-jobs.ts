import { randomBytes } from 'node:crypto';
import { SystemClock } from '../../src/adapters/node/system-clock.js';
import { removeInstance } from '../../src/application/machine/incus/remove-instance.js';
import type { Pikaci } from '../../src/index.js';
import { bareApi, connectPikaci } from '../connect.js';
import type { BenchHost } from '../host.js';
import { value } from '../value.js';
import type { BenchPlace } from '../workspace.js';
import type { Row, Times } from './row.js';

const JOBS = 50;
const AT_ONCE = 4;

/**
 * (n) 50 jobs of `true`, 4 at a time, each with its machine's removal: bare API calls, pikaci cold, and pikaci with a pool of 4 that was full
 * when the first began and is filled behind them.
 */
export function manyJobsRow(host: BenchHost, place: BenchPlace): Row {
  const api = bareApi(host);
  const clock = new SystemClock();
  const incus = { parallelCreates: AT_ONCE, project: host.project, profile: host.profile, image: host.image };
  const cold = connectPikaci(host, place.stateRoot, 'incus', { incus });
  const warm = connectPikaci(host, place.stateRoot, 'incus', { incus, warm: { size: AT_ONCE } });
  const { project } = host;
  let rounds = 0;
  let claimed = 0;
  const bareJob = async () => {
    const name = `bench-${randomBytes(6).toString('hex')}`;
    const made = { name, type: 'container', ephemeral: true, start: true, profiles: [host.profile] } as const;
    const instance = { ...made, source: { alias: host.image }, config: {}, devices: {} };
    value(await api.incus.createInstance(project, instance), 'create');
    await using exec = value(await api.incus.exec(project, name, { command: ['true'] }), 'exec');
    value(await exec.exit, 'true');
    const owned = { project, name, acquisition: null };
    value(await removeInstance({ incus: api.incus, clock }, owned, AbortSignal.timeout(60_000)), 'remove');
  };
  const job = (pikaci: Pikaci) => async () => {
    const { workspace } = place;
    const run = value(await pikaci.runJob({ job: { id: 'bench', command: 'true' }, workspace }), 'runJob');
    value(await run.cleanUp, 'clean up');
    if (run.outcome.status !== 'passed') throw new Error(`a job of true: ${run.outcome.message}`);
    if (run.outcome.acquired?.from === 'warm') claimed++;
  };
  return {
    name: 'n',
    async round(): Promise<Times> {
      rounds++;
      const bare = await many(bareJob);
      const made = await many(job(cold));
      value(await warm.fillPool(), 'fill the pool');
      claimed = 0;
      const pooled = await many(job(warm));
      return { bare, cold: made, warm: pooled, claimed };
    },
    async [Symbol.asyncDispose]() {
      if (rounds > 0) value(await warm.drainPool(), 'drain the pool');
      for (const one of [warm, cold]) await one.close();
      await api[Symbol.asyncDispose]();
    },
  };
}

/** How long all of them take, ms. */
async function many(work: () => Promise<void>): Promise<number> {
  const start = performance.now();
  let left = JOBS;
  const lane = async () => {
    while (left-- > 0) await work();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  return performance.now() - start;
}
