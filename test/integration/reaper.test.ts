import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { incusInstanceName, type ReapReport } from '../../src/index.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { onEachBackend } from '../support/backends-under-test.js';
import { commandLine, writeConfig } from '../support/command-line.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachBackend((backend) => {
  const WAITING = 'echo begun; until [ -e /artifacts/go ]; do sleep 0.02; done';
  let site: Site;
  beforeAll(async () => {
    // Long enough for a busy machine to renew it in time, and short enough to see that.
    site = await Site.open({ backend, leaseSecs: 60 });
    await writeConfig(site, { leaseSecs: 3600, targets: { t: { jobs: [{ id: 'j', command: WAITING }] } } });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  /** An instance as a runner that is gone would have left it, or as somebody else has made it. */
  async function leaveInstance(config: Record<string, string>, start: boolean): Promise<string> {
    const { 'user.pikaci.run': run, 'user.pikaci.job': job } = config;
    const ownName = run === undefined || job === undefined ? null : incusInstanceName(run, job);
    const name = ownName ?? `left-${randomBytes(5).toString('hex')}`;
    must(
      await site.incus.createInstance(site.host.project, {
        name,
        type: 'container',
        ephemeral: true,
        start,
        source: { alias: site.host.image },
        profiles: [site.host.profile],
        config,
        devices: {},
      }),
    );
    return name;
  }

  const lease = (runId: string, jobId = 'j', expires = '1000') => ({
    'user.pikaci.run': runId,
    'user.pikaci.job': jobId,
    'user.pikaci.owner': 'somebody-who-is-gone',
    'user.pikaci.lease_expires_at_ms': expires,
  });
  const names = () => site.machines();
  const others = ({ deleted, alive, failed }: ReapReport) => ({
    deleted: [...deleted].sort(),
    alive: [...alive],
    failed,
  });

  describe('the reaper', () => {
    it('deletes the machine of a runner that was killed once its lease has ended, and none that is renewed', async () => {
      const abandoned = site.newRunId();
      const killed = commandLine(site, ['run', '--run-id', abandoned]);
      const events = new EventRecorder();
      const living = site.newRunId();
      const running = site.finish({ command: WAITING }, { runId: living, events });
      await Promise.all([killed.said('begun'), events.logged('begun')]);
      const firstEnd = await site.leaseEnd(living);
      killed.kill('SIGKILL');
      await killed.end;
      const [dead, alive] = [incusInstanceName(abandoned, 'j'), incusInstanceName(living, 'j')];
      expect(others(must(await site.pikaci.reap()))).toEqual({
        deleted: [],
        alive: expect.arrayContaining([dead, alive]),
        failed: [],
      });
      // The first lease of the living one is over or not: it has another one by now.
      while ((await site.leaseEnd(living)) <= firstEnd)
        await new Promise((resolve) => setTimeout(resolve, 200));
      await site.endLease(abandoned);
      expect(others(must(await site.pikaci.reap({ dryRun: true })))).toEqual({
        deleted: [dead],
        alive: [alive],
        failed: [],
      });
      expect(await names()).toEqual(expect.arrayContaining([dead, alive]));
      const reaped = must(await site.pikaci.reap());
      expect(others(reaped)).toEqual({ deleted: [dead], alive: [alive], failed: [] });
      expect(await names()).toEqual([alive]);
      expect(await site.leftovers(abandoned)).toEqual(NOTHING_LEFT);
      await site.release(living);
      expect((await running).run.outcome.status).toBe('passed');
      expect(await site.leftovers()).toEqual(NOTHING_LEFT);
    });
  });

  if (backend === 'microvm') return;
  describe('the reaper of instances', () => {
    it('run twice at once deletes each machine once, whatever its state, and both are content', async () => {
      const left = await Promise.all([
        leaveInstance(lease('reap-1'), true),
        leaveInstance(lease('reap-2'), false),
        leaveInstance(lease('reap-3', 'j', 'not a number'), false),
      ]);
      await site.onHost(
        'mkdir -p "$1/runs/reap-1/jobs/j/artifacts" "$1/runs/reap-2/jobs/other"',
        site.workDir,
      );
      const reports = await Promise.all([site.pikaci.reap(), site.open().reap(), site.pikaci.reap()]);
      const deleted = reports.flatMap((report) => must(report).deleted);
      expect(reports.flatMap((report) => must(report).failed)).toEqual([]);
      expect([...new Set(deleted)].sort()).toEqual([...left].sort());
      expect(await names()).toEqual([]);
      const runs = await site.onHost('cd "$1/runs" && find . -mindepth 1', site.workDir);
      expect(runs.trim().split('\n').sort()).toEqual(['./reap-2', './reap-2/jobs', './reap-2/jobs/other']);
      await site.onHost('rm -r "$1/runs"', site.workDir);
    });

    it('leaves what is not of pikaci alone', async () => {
      const theirs = await leaveInstance({ 'user.other': 'x' }, false);
      expect(others(must(await site.pikaci.reap()))).toEqual({ deleted: [], alive: [], failed: [] });
      expect(await names()).toEqual([theirs]);
      must(await site.incus.deleteInstance(site.host.project, theirs));
    });

    it('touches no path for ids that are none', async () => {
      const hostile = ['../../../../../tmp/victim', '.', '..', '/tmp/victim', 'x/../../victim', ''];
      await site.onHost(
        'mkdir -p "$1/runs/victim/jobs/j" "$1/victim" /tmp/victim/jobs/j; touch /tmp/victim/jobs/j/f',
        site.workDir,
      );
      const made = await Promise.all([
        ...hostile.map((id) => leaveInstance(lease(id), false)),
        leaveInstance(lease('victim', '../j'), false),
        leaveInstance(lease('victim', '..'), false),
      ]);
      expect([...must(await site.pikaci.reap()).deleted].sort()).toEqual([...made].sort());
      expect(
        await site.onHost(
          'ls -d "$1/runs/victim/jobs/j" "$1/victim" /tmp/victim/jobs/j/f | wc -l',
          site.workDir,
        ),
      ).toBe('3\n');
      await site.onHost('rm -r "$1/runs" "$1/victim" /tmp/victim', site.workDir);
    });

    it('`pikaci gc --remote --dry-run` says what it would remove, and without it removes that', async () => {
      const left = await leaveInstance(lease('reap-4'), false);
      const dry = await commandLine(site, ['gc', '--remote', '--dry-run', '--output', 'json']).end;
      expect({ code: dry.code, report: JSON.parse(dry.stdout) }).toMatchObject({
        code: 0,
        report: { type: 'reap_report', dry_run: true, deleted: [left], alive: [], failed: [] },
      });
      expect(await names()).toEqual([left]);
      const wet = await commandLine(site, ['gc', '--remote']).end;
      expect(wet).toMatchObject({ code: 0, stdout: expect.stringContaining(`removed ${left}`) });
      expect(await names()).toEqual([]);
    });
  });
});
