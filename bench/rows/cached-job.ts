import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { EventSink, JobRun, JobSpecInput } from '../../src/index.js';
import { connectPikaci } from '../connect.js';
import type { BenchHost } from '../host.js';
import { value } from '../value.js';
import type { BenchPlace } from '../workspace.js';
import { BENCH_COMMAND } from './pikaci-cold.js';
import type { Row, Times } from './row.js';

const CACHE = '/cache';
const SEED = 'bench-seed';
/** 1 GiB in 20,000 files, which compresses to about three quarters. */
const FILL = 'base64 </dev/urandom | head -c 1073741824 | split -b 53688 -a 5 -d - f';

/**
 * (k) A job that has a cache of 1 GiB and 20,000 files restored before it and saved under another key after it, beside the same job without.
 * The same files are packed and unpacked with GNU tar and zstd on this machine, as a CI cache is that is one archive.
 */
export function cachedJobRow(host: BenchHost, place: BenchPlace): Row {
  const pikaci = connectPikaci(host, place.stateRoot);
  const local = join(place.stateRoot, '..', 'cached');
  let rounds = 0;
  const clocked = async <T>(work: () => Promise<T> | T) => {
    const start = performance.now();
    const result = await work();
    return { result, ms: performance.now() - start };
  };
  const run = async (job: Partial<JobSpecInput>, events: EventSink): Promise<JobRun> => {
    const command = job.command ?? BENCH_COMMAND;
    const ended = value(
      await pikaci.runJob({ job: { id: 'bench', ...job, command }, workspace: place.workspace, events }),
      'runJob',
    );
    if (ended.outcome.status !== 'passed')
      throw new Error(`the job did not do its work: ${ended.outcome.message}`);
    return ended;
  };
  const timed = async (job: Partial<JobSpecInput>) => {
    const phases: Record<string, number> = {};
    const events: EventSink = {
      emit: (event) => {
        if (event.type === 'phase_finished') phases[event.phase] = event.duration_ms;
      },
    };
    const { result, ms } = await clocked(() => run(job, events));
    value(await result.cleanUp, 'clean up');
    return { ms, phases, outcome: result.outcome };
  };
  const tar = (...args: string[]) => clocked(() => execFileSync('tar', args, { cwd: local }));
  const forget = (key: string) => pikaci.removeCache(key, { force: true });
  const prepare = async () => {
    await forget(SEED);
    const fill = { command: `cd ${CACHE} && ${FILL}`, timeoutSecs: 600 };
    await timed({ ...fill, caches: [{ path: CACHE, key: SEED, save: 'always' }] });
    mkdirSync(join(local, 'files'), { recursive: true });
    execFileSync('sh', ['-c', FILL], { cwd: join(local, 'files') });
  };
  return {
    name: 'k',
    async round(): Promise<Times> {
      if (rounds++ === 0) await prepare();
      const key = `bench-${process.pid}-${rounds}`;
      const without = await timed({});
      const cached = await timed({ caches: [{ path: CACHE, key, restoreKeys: [SEED] }] });
      const [cache] = cached.outcome.caches ?? [];
      if (cache?.hit !== 'partial' || cache.saved !== 'saved' || (cache.saved_bytes ?? 0) < 1e9)
        throw new Error(`the cache was not restored and saved: ${JSON.stringify(cache)}`);
      await forget(key);
      const pack = await tar('--zstd', '-cf', 'archive.tar.zst', 'files');
      mkdirSync(join(local, 'unpacked'));
      const unpack = await tar('--zstd', '-xf', 'archive.tar.zst', '-C', 'unpacked');
      for (const name of ['unpacked', 'archive.tar.zst']) rmSync(join(local, name), { recursive: true });
      const { restore_ms, save_ms = Number.NaN } = cache;
      return {
        ...{ without: without.ms, with: cached.ms, restore: restore_ms, save: save_ms },
        ...{ unpack: unpack.ms, pack: pack.ms },
        // In the JSON: where the difference is.
        ...named('without', without.phases),
        ...named('with', cached.phases),
      };
    },
    async [Symbol.asyncDispose]() {
      if (rounds > 0) await forget(SEED);
      await pikaci.close();
    },
  };
}

function named(prefix: string, phases: Times): Times {
  return Object.fromEntries(Object.entries(phases).map(([phase, ms]) => [`${prefix}_${phase}`, ms]));
}
