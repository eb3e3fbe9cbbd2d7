import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { readLease } from '../../src/domain/machine/lease.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { Random } from '../support/chaos/random.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { removeTemplates } from '../support/remove-templates.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

/** How many processes are killed while they make a template, and the first seed; none in the suite. `npm run chaos` kills some. */
const KILLS = Number(process.env['PIKACI_CHAOS_TEMPLATES'] ?? 0);
const SEED = Number(process.env['PIKACI_CHAOS_SEED'] ?? 1);
const AT_ONCE = 2;
const LEASE_ENDS = 'user.pikaci.lease_expires_at_ms';

/** What is half made has no `sums`, or others. */
const SETUP =
  'mkdir /opt/made && cd /opt/made && for i in $(seq 200); do head -c 20000 /dev/urandom >f$i; done && sleep 1 && sha256sum f* >sums && sync';
const JOB =
  'cd /opt/made && [ "$(grep -c . sums)" = 200 ] && sha256sum --quiet -c sums && echo whole && sha256sum sums';

it.runIf(KILLS > 0)(
  `gives every job a whole template, and leaves nothing, when who makes it is killed: ${KILLS} from seed ${SEED}`,
  {
    timeout: 3_600_000,
  },
  async () => {
    await using site = await Site.open();
    const { incus } = site;
    const { project, image: from } = site.host;
    const mark = site.newRunId();
    const seeds = Array.from({ length: KILLS }, (_, i) => SEED + i);
    const names = ['measured', ...seeds.map((seed) => `s${seed}`)];
    const targets = Object.fromEntries(
      names.map((name) => [
        name,
        {
          templates: { [name]: { from, setup: `${SETUP} # ${mark} ${name}`, runAsRoot: true } },
          jobs: [{ id: 'j', template: name, command: JOB, timeoutSecs: 60 }],
        },
      ]),
    );
    // Whoever goes on waits for the lease of who was killed.
    const config = { leaseSecs: 10, targets };
    await writeConfig(site, config);
    const pikaci = site.open(config);

    const wrong: string[] = [];
    const ends = { 'killed early': 0, 'killed late': 0, 'had made it': 0 };
    /** What a job says of the template that it has. */
    const job = async (target: string) => {
      const runId = site.newRunId();
      const ran = await commandLine(site, ['run', target, '--run-id', runId]).end;
      const sums = /^whole\n([0-9a-f]{64}) /m.exec(ran.stdout)?.[1] ?? null;
      if (ran.code !== 0 || sums === null)
        wrong.push(`${target}: exit ${ran.code}: ${ran.stdout}${ran.stderr}`);
      return sums;
    };
    const began = performance.now();
    await commandLine(site, ['template', 'build', '--target', 'measured']).end;
    const windowMs = performance.now() - began;

    const kill = async (seed: number) => {
      const target = `s${seed}`;
      const part = new Random(seed).between(0.05, 1.1);
      const maker = commandLine(site, ['template', 'build', '--target', target]);
      await pause(part * windowMs);
      // Every third has somebody beside it who needs the same.
      const beside = seed % 3 === 0 ? job(target) : null;
      maker.kill('SIGKILL');
      const ended = await maker.end;
      ends[ended.code === 0 ? 'had made it' : part < 0.5 ? 'killed early' : 'killed late']++;
      const said = await Promise.all([beside ?? job(target), job(target)]);
      // The second has the template of the first, and no half of another.
      if (said[0] !== said[1]) wrong.push(`${target}: two templates: ${said.join(' and ')}`);
      process.stdout.write(`seed ${seed}, killed after ${part.toFixed(2)} of its time\n`);
    };
    const waiting = [...seeds];
    const lane = async () => {
      for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) await kill(seed);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    process.stdout.write(`${JSON.stringify(ends)}\n`);
    expect(wrong).toEqual([]);

    const kept = must(await pikaci.listTemplates());
    expect(
      kept
        .filter(({ name }) => names.includes(name))
        .map(({ name }) => name)
        .sort(),
    ).toEqual([...names].sort());
    await pikaci.close();
    // As time would: nobody renews the lease.
    for (const { name, config: own } of must(await incus.instances(project)))
      if (readLease(own) !== null) must(await incus.patchInstance(project, name, { [LEASE_ENDS]: '1000' }));
    await site.onHost('find "$1/runs" -exec touch -h -d "2 hours ago" {} + 2>/dev/null || :', site.workDir);
    expect(must(await site.pikaci.reap()).failed).toEqual([]);
    await removeTemplates(site);
    expect(must(await incus.instances(project)).filter(({ config: own }) => readLease(own) !== null)).toEqual(
      [],
    );
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  },
);
