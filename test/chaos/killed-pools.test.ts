import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { readLease } from '../../src/domain/machine/lease.js';
import { readPool } from '../../src/domain/machine/warm-mark.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { Random } from '../support/chaos/random.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { removeTemplates } from '../support/remove-templates.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

/** How many processes are killed while they fill a pool or run a job of it, in turn, and the first seed. `npm run chaos` kills more. */
const KILLS = Number(process.env['PIKACI_CHAOS_POOLS'] ?? 2);
const SEED = Number(process.env['PIKACI_CHAOS_SEED'] ?? 1);
const AT_ONCE = 2;
const LEASE_ENDS = 'user.pikaci.lease_expires_at_ms';

/** Files whose content is checked by each job, and a mark of the job that had the machine. */
const SETUP =
  'mkdir /opt/made && cd /opt/made && for i in $(seq 200); do head -c 20000 /dev/urandom >f$i; done && sha256sum f* >sums && sync';
const JOB =
  'cd /opt/made && [ "$(grep -c . sums)" = 200 ] && sha256sum --quiet -c sums && echo whole; if mkdir /opt/used; then echo fresh; else echo used before; fi';

it(`leaves no machine half made or used twice, and nothing behind, when who fills a pool or takes of it is killed: ${KILLS} from seed ${SEED}`, {
  timeout: 3_600_000,
}, async () => {
  await using site = await Site.open();
  const { incus } = site;
  const { project, image: from } = site.host;
  const templates = { made: { from, setup: `${SETUP} # ${site.newRunId()}`, runAsRoot: true } };
  const jobs = [{ id: 'j', template: 'made', command: JOB, runAsRoot: true, timeoutSecs: 60 }];
  const config = { targets: { t: { templates, jobs } }, warm: { size: 2, template: 'made' } };
  await writeConfig(site, config);
  const pikaci = site.open(config);
  must(await pikaci.buildTemplates({ target: 't', workspace: site.workspace }));

  const wrong: string[] = [];
  const ends = {
    'fill: nothing': 0,
    'fill: some': 0,
    'fill: all': 0,
    'claim: ended': 0,
    'claim: not ended': 0,
  };
  const acquired = { warm: 0, cold: 0 };
  const timed = async (work: () => Promise<unknown>) => {
    const began = performance.now();
    await work();
    return performance.now() - began;
  };
  /** The words of a command line that is killed after a part of what it takes undisturbed. */
  const killed = async (words: readonly string[], part: number, windowMs: number) => {
    const command = commandLine(site, words);
    await pause(part * windowMs);
    command.kill('SIGKILL');
    return (await command.end).code === 0;
  };
  /** A job that nobody disturbs: what it says of its machine. */
  const job = async (seed: number) => {
    const run = must(
      await pikaci.runTarget({ target: 't', workspace: site.workspace, runId: site.newRunId() }),
    );
    must(await run.cleanUp);
    const [end] = run.jobs;
    if (end?.kind !== 'ended') {
      wrong.push(`seed ${seed}: the job ended as ${JSON.stringify(end)}`);
      return;
    }
    const { outcome, state } = end.run;
    acquired[outcome.acquired?.from ?? 'cold']++;
    const log = await readFile(state.guestLog, 'utf8');
    if (outcome.status !== 'passed' || log !== 'whole\nfresh\n')
      wrong.push(`seed ${seed}: ${outcome.status} in ${outcome.acquired?.from}: ${log}`);
  };

  const fillMs = await timed(() => commandLine(site, ['pool', 'fill']).end);
  const runMs = await timed(() => commandLine(site, ['run', 't', '--run-id', site.newRunId()]).end);
  const kill = async (seed: number) => {
    const part = new Random(seed).between(0.1, 1.1);
    let end: keyof typeof ends;
    if (seed % 2 === 0) {
      must(await pikaci.drainPool());
      await killed(['pool', 'fill'], part, fillMs);
      const { waiting } = must(await pikaci.poolStatus());
      end = waiting.length === 0 ? 'fill: nothing' : waiting.length < 2 ? 'fill: some' : 'fill: all';
    } else {
      must(await pikaci.fillPool());
      const hasEnded = await killed(['run', 't', '--run-id', site.newRunId()], part, runMs);
      end = hasEnded ? 'claim: ended' : 'claim: not ended';
    }
    ends[end]++;
    process.stdout.write(`seed ${seed}, killed after ${part.toFixed(2)} of its time: ${end}\n`);
    await job(seed);
  };
  const waiting = Array.from({ length: KILLS }, (_, i) => SEED + i);
  const lane = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) await kill(seed);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  process.stdout.write(`${JSON.stringify({ ...ends, ...acquired })}\n`);

  // Of whatever run: each machine was that of one.
  const runs = join(site.stateRoot, 'runs');
  const taken: string[] = [];
  for (const run of await readdir(runs)) {
    const events = await readFile(join(runs, run, 'events.jsonl'), 'utf8').catch(() => '');
    for (const line of events.split('\n'))
      if (line.includes('"instance_created"')) taken.push(JSON.parse(line).instance);
  }
  expect(taken.length).toBeGreaterThan(KILLS);
  expect(taken.filter((name, at) => taken.indexOf(name) !== at)).toEqual([]);
  expect(wrong).toEqual([]);

  await pikaci.close();
  must(await site.pikaci.drainPool());
  // As time would: nobody renews the lease.
  for (const { name, config: own } of must(await incus.instances(project)))
    if (readLease(own) !== null) must(await incus.patchInstance(project, name, { [LEASE_ENDS]: '1000' }));
  await site.onHost('find "$1/runs" -exec touch -h -d "2 hours ago" {} +', site.workDir);
  const reaped = must(await site.pikaci.reap());
  expect(reaped.failed).toEqual([]);
  const after = must(await incus.instances(project));
  expect(after.filter(({ config: own }) => readLease(own) !== null || readPool(own) !== null)).toEqual([]);
  expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  await removeTemplates(site);
});
