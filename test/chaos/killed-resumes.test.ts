import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { loadRunBundle } from '../../src/index.js';
import { Random } from '../support/chaos/random.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

/** Set by `npm run chaos`: how many runs lose their runner and are resumed, and the first seed. */
const RESUMES = Number(process.env['PIKACI_CHAOS_RESUMES'] ?? 0);
const SEED = Number(process.env['PIKACI_CHAOS_SEED'] ?? 1);
const LONGEST_MS = 5_000;

/** Two levels, a job that may fail, and one for a failure that counts, of which there is none. */
const job = (id: string, dependsOn: readonly string[] = [], end = 0) => ({
  id,
  dependsOn: [...dependsOn],
  command: `echo ${id} begins; sleep 0.7; echo ${id} ends; exit ${end}`,
});
const JOBS = [
  job('a'),
  { ...job('b', [], 3), allowFailure: true },
  job('c', ['a', 'b']),
  job('d', ['c']),
  { ...job('tell'), when: 'on_failure' as const },
];
const RAN = ['a', 'b', 'c', 'd'];

describe.runIf(RESUMES > 0)('runs whose runner is killed, and which are resumed', () => {
  it(`end as they would have, with every byte of their logs: ${RESUMES} from seed ${SEED}`, {
    timeout: 3_600_000,
  }, async () => {
    await using site = await Site.open();
    await writeConfig(site, { targets: { t: { jobs: JOBS } } });
    const wrong: string[] = [];
    for (let seed = SEED; seed < SEED + RESUMES; seed++) {
      const afterMs = new Random(seed).between(0, LONGEST_MS);
      const runId = site.newRunId();
      const runner = commandLine(site, ['run', 't', '--run-id', runId]);
      await Promise.race([pause(afterMs), runner.end]);
      runner.kill('SIGKILL');
      const { signal } = await runner.end;
      const resumed = await commandLine(site, ['resume', runId]).end;
      const bundle = await loadRunBundle(site.stateRoot, runId);
      // Killed before there was a run, of which `resume` says so.
      const isNone = bundle.isErr() && resumed.code === 2;
      const status = bundle.isOk() ? bundle.value.run.status : 'no run';
      const end = `seed ${seed}, ${signal ?? 'ended'} after ${Math.round(afterMs)} ms: ${status}`;
      process.stdout.write(`${end}\n`);
      if (isNone) continue;
      if (resumed.code !== 0 || status !== 'passed') wrong.push(`${end}, ${resumed.code}: ${resumed.stderr}`);
      for (const id of RAN) {
        const file = join(site.stateRoot, 'runs', runId, 'jobs', id, 'guest.log');
        const text = await readFile(file, 'utf8').catch(() => 'no log');
        if (text !== `${id} begins\n${id} ends\n`)
          wrong.push(`${end}, log of ${id}: ${JSON.stringify(text)}`);
      }
    }
    expect(wrong).toEqual([]);
    // What a job had made that never began is its lease's, and then the reaper's.
    for (const { name } of (await site.incus.instances(site.host.project))._unsafeUnwrap())
      await site.incus.patchInstance(site.host.project, name, { 'user.pikaci.lease_expires_at_ms': '1000' });
    await site.onHost('find "$1/runs" -exec touch -h -d "2 hours ago" {} + 2>/dev/null || :', site.workDir);
    expect((await site.pikaci.reap())._unsafeUnwrap().failed).toEqual([]);
    expect(await site.leftovers()).toEqual(NOTHING_LEFT);
  });
});
