import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DISTURBANCES, type Disturbance, OF_THE_HOST } from '../support/chaos/disturbances.js';
import { type PlannedRun, planRun } from '../support/chaos/plan.js';
import { Random } from '../support/chaos/random.js';
import { playRound } from '../support/chaos/round.js';
import { proxied } from '../support/proxied-host.js';
import { Site } from '../support/site.js';
import { SmallDisk } from '../support/small-disk.js';

/** Set by `npm run chaos`: how many rounds, the first seed, and which disturbances; one round of each in the suite. */
const SEED = Number(process.env['PIKACI_CHAOS_SEED'] ?? 1);
const ROUNDS = Number(process.env['PIKACI_CHAOS_ROUNDS'] ?? DISTURBANCES.length);
const KINDS = (process.env['PIKACI_CHAOS_KINDS'] ?? DISTURBANCES.join(',')).split(',') as Disturbance[];
const BACKEND = process.env['PIKACI_CHAOS_BACKEND'] === 'microvm' ? 'microvm' : 'incus';
const AT_ONCE = 3;

interface Round {
  readonly seed: number;
  readonly kind: Disturbance;
  readonly random: Random;
  readonly plan: PlannedRun;
}

describe(`runs of several jobs on ${BACKEND}, disturbed`, () => {
  const rounds = Array.from({ length: ROUNDS }, (_, i): Round => {
    const seed = SEED + i;
    const random = new Random(seed);
    const kind = KINDS[i % KINDS.length] as Disturbance;
    return { seed, kind, random, plan: planRun(random, seed, BACKEND) };
  });

  let site: Site;
  let config: (name: string, host: Site['host']) => Promise<string>;
  let disk: SmallDisk;
  beforeAll(async () => {
    disk = await SmallDisk.open();
    site = await Site.open({ backend: BACKEND });
    const targets = Object.fromEntries(rounds.map(({ seed, plan }) => [`t${seed}`, plan.target]));
    config = async (name, { host, port, user, knownHostsFile }) => {
      const { host: ssh, ...rest } = site.config({ targets });
      const file = join(site.workspace, name);
      const there = { ...(ssh as object), ssh: `${user}@${host}:${port}`, knownHostsFile };
      await writeFile(file, JSON.stringify({ ...rest, host: there }));
      return file;
    };
  });
  afterAll(async () => {
    await site[Symbol.asyncDispose]();
    await disk[Symbol.asyncDispose]();
  });

  it(`have no wrong result, and leave nothing: ${ROUNDS} rounds from seed ${SEED}`, {
    timeout: 3_600_000,
  }, async () => {
    const wrong: string[] = [];
    const [alone, waiting] = [true, false].map((isAlone) =>
      rounds.filter(({ kind }) => OF_THE_HOST.includes(kind) === isAlone),
    ) as [Round[], Round[]];
    const straight = await config('pikaci.config.json', site.host);
    const lanes = await Promise.all(
      Array.from({ length: AT_ONCE }, async (_, lane) => {
        const through = await proxied(site.host, site.directory);
        return { through, proxied: await config(`proxied-${lane}.json`, through.host) };
      }),
    );
    const play = async (these: Round[], { through, proxied: file }: (typeof lanes)[number]) => {
      for (let round = these.shift(); round !== undefined; round = these.shift()) {
        const { seed, kind, random, plan } = round;
        const stateRoot = join(site.directory, `state-${seed}`);
        await mkdir(stateRoot);
        const small = kind === 'disk';
        if (small) disk.mount(stateRoot, `size=${random.whole(16, 120)}k`);
        const { runnerEnded, wrong: found } = await playRound({
          site,
          kind,
          random,
          plan,
          target: `t${seed}`,
          configs: { straight, proxied: file },
          proxy: through.proxy,
          stateRoot,
          disk: small
            ? {
                within: disk.namespace,
                seen: (path) => disk.seen(path),
                grow: () => void disk.sh('mount -o remount,size=64m "$1"', stateRoot),
              }
            : null,
        }).catch((error: unknown) => ({ runnerEnded: 'not seen', wrong: [String(error)] }));
        wrong.push(...found.map((what) => `seed ${seed}: ${what}`));
        if (process.env['PIKACI_CHAOS_ROUNDS'] !== undefined)
          process.stdout.write(
            `seed ${seed} ${kind}, the runner ended with ${runnerEnded}: ${found.join('\n  ') || 'right'}\n`,
          );
      }
    };
    try {
      await Promise.all(lanes.map((lane) => play(waiting, lane)));
      for (const lane of lanes) await play(alone, lane);
    } finally {
      for (const { through } of lanes) await through[Symbol.asyncDispose]();
    }
    expect(wrong).toEqual([]);
  });
});
