import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { readCacheCopy, readCacheMark, readCacheSaver } from '../../src/domain/machine/cache-mark.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { Random } from '../support/chaos/random.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

/** Set by `npm run chaos`: how many runners are killed while they save a cache, and the first seed. */
const SAVES = Number(process.env['PIKACI_CHAOS_SAVES'] ?? 0);
const SEED = Number(process.env['PIKACI_CHAOS_SEED'] ?? 1);
const AT_ONCE = 2;
const PATH = '/home/pikaci/.cache/tool';

/** Files whose content is checked by whoever finds them: the list of sums is itself one of the files, and known by its own. */
const FILL = `mkdir -p ${PATH} && cd ${PATH} && for i in $(seq 300); do head -c 20000 /dev/urandom >f$i; done && sha256sum f* >sums && echo filled`;
const CHECK = `cd ${PATH} && [ "$(grep -c . sums)" = 300 ] && sha256sum --quiet -c sums && echo whole`;

describe.runIf(SAVES > 0)('runners that are killed while they save a cache', () => {
  it(`leave it whole or not to be found, and nothing behind: ${SAVES} from seed ${SEED}`, {
    timeout: 3_600_000,
  }, async () => {
    await using site = await Site.open();
    const { incus } = site;
    const { project, profile } = site.host;
    const { value } = must(await incus.profile(project, profile));
    const pool = Object.values(value.devices).find(({ path }) => path === '/')?.['pool'] ?? '';
    const seeds = Array.from({ length: SAVES }, (_, i) => SEED + i);
    const keyOf = (name: string) => `${site.newRunId()}-${name}`;
    const keys = new Map([...seeds.map(String), 'undisturbed'].map((name) => [name, keyOf(name)]));
    const targets = Object.fromEntries(
      [...keys].map(([name, key]) => [
        `t${name}`,
        { jobs: [{ id: 'j', command: FILL, timeoutSecs: 60, caches: [{ path: PATH, key }] }] },
      ]),
    );
    await writeConfig(site, { targets });
    const begin = async (name: string) => {
      const runId = site.newRunId();
      const runner = commandLine(site, ['run', `t${name}`, '--run-id', runId]);
      await runner.said('filled');
      return { runId, runner, filledAt: performance.now() };
    };
    const volumes = async () => {
      const all = must(await incus.volumes(project, pool));
      return all.filter(({ name }) => name.startsWith('pikaci-cache'));
    };

    const first = await begin('undisturbed');
    expect(await first.runner.end).toMatchObject({ code: 0 });
    const windowMs = (performance.now() - first.filledAt) * 1.2;

    const ends = { whole: 0, 'half made': 0, none: 0 };
    const wrong: string[] = [];
    const kill = async (seed: number) => {
      const afterMs = new Random(seed).between(0, windowMs);
      const { runId, runner } = await begin(String(seed));
      await pause(afterMs);
      runner.kill('SIGKILL');
      await runner.end;
      const key = keys.get(String(seed)) ?? '';
      const job = { command: CHECK, caches: [{ path: PATH, key, save: 'never' as const }] };
      const { run, log } = await site.finish(job);
      const [found] = run.outcome.caches ?? [];
      if (found?.hit === 'exact' && log.toString() !== 'whole\n')
        wrong.push(`seed ${seed}: found what is not whole: ${log}`);
      const left = (await volumes()).find(({ config }) => config['user.pikaci.cache.key'] === key);
      const end =
        found?.hit === 'exact'
          ? 'whole'
          : left !== undefined && readCacheSaver(left.config)
            ? 'half made'
            : 'none';
      ends[end]++;
      process.stdout.write(`seed ${seed}, killed after ${Math.round(afterMs)} ms: ${end}\n`);
      // As time would: nobody renews the lease.
      if ((await site.machines()).length > 0 && (await site.leftovers(runId)).instances.length > 0)
        await site.endLease(runId);
    };
    const waiting = [...seeds];
    const lane = async () => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) await kill(seed);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    process.stdout.write(`${JSON.stringify(ends)} in a window of ${Math.round(windowMs)} ms\n`);

    for (const { name, config } of await volumes()) {
      const [ended, field] = [readCacheCopy(config), readCacheSaver(config)];
      const keysOfTime = {
        ...(ended === null ? {} : { 'user.pikaci.cache.copy_until_ms': '1' }),
        ...(field === null ? {} : { 'user.pikaci.cache.saver_until_ms': '1' }),
      };
      must(await incus.patchVolume(project, pool, name, keysOfTime));
    }
    // Of a runner that was killed while it cleaned up, only the directory may be left.
    await site.onHost('find "$1/runs" -exec touch -h -d "2 hours ago" {} +', site.workDir);
    const reaped = must(await site.pikaci.reap());
    expect(reaped.failed).toEqual([]);
    const after = await volumes();
    for (const { name, config } of after)
      if (readCacheMark(name, config) === null) wrong.push(`${name} is left: ${JSON.stringify(config)}`);
    expect(wrong).toEqual([]);
    // The one that nobody killed, and those that were whole.
    expect(after).toHaveLength(ends.whole + 1);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
    for (const { name } of after) must(await incus.deleteVolume(project, pool, name));
  });
});
