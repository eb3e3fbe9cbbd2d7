import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobRecordSchema } from '../../src/index.js';
import { onEachMachine } from '../support/backends-under-test.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

onEachMachine(({ backend, guest }) => {
  let site: Site;
  beforeAll(async () => {
    site = await Site.open({ backend, ...(guest && { guest }) });
  });
  afterAll(() => site[Symbol.asyncDispose]());

  describe.concurrent('a job in a real machine', () => {
    it('passes when its command ends with 0, and its log is what it printed, byte for byte', async () => {
      const { run, events, log } = await site.finish({
        command: 'cat hello.txt; printf "no newline at the end"; printf "and to stderr" >&2',
      });
      expect(log.toString()).toBe('hello from the workspace\nno newline at the endand to stderr');
      expect(events.log()).toEqual(log);
      expect(run.outcome).toMatchObject({
        status: 'passed',
        cause: 'exit',
        exit_code: 0,
        log_bytes: log.length,
        kept_log_bytes: log.length,
        incus_image: backend === 'incus' ? { alias: site.image, project: site.host.project } : null,
      });
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it.runIf(backend === 'incus')('is told which shell its image does not have', async () => {
      const { run } = await site.finish({ command: 'echo never', shell: 'no-such-zsh' });
      const { image } = site;
      const message = `the shell no-such-zsh is not in the machine (its image is ${image}): use another one, or an image that has it`;
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'setup', exit_code: null, message });
    });

    it('goes through its phases in order, each with its times, in the outcome, the events and the record', async () => {
      const { run, events } = await site.finish({
        command: 'echo out >/artifacts/out.txt',
        artifacts: ['/artifacts/*.txt'],
      });
      const { phases } = run.outcome;
      expect(phases.map(({ phase }) => phase).sort()).toEqual([...BESIDE_EACH_OTHER, ...IN_ORDER].sort());
      expect(phases.map(({ phase }) => phase).filter((phase) => IN_ORDER.includes(phase))).toEqual(IN_ORDER);
      for (const { ok, started_at, finished_at, duration_ms } of phases) {
        expect(ok).toBe(true);
        expect(Date.parse(finished_at)).toBeGreaterThanOrEqual(Date.parse(started_at));
        expect(duration_ms).toBeGreaterThanOrEqual(0);
      }
      const types = events.types();
      expect(types[0]).toBe('job_started');
      expect(types.filter((type) => MILESTONES.includes(type))).toEqual(MILESTONES);
      expect(types.at(-1)).toBe('cleaned_up');
      const record = jobRecordSchema.parse(JSON.parse(await readFile(run.state.jobRecord, 'utf8')));
      expect(record.outcome).toEqual(run.outcome);
      expect(record).toMatchObject({ run_id: run.runId, job_id: 'j', backend, secret_names: [] });
      const hostLog = await readFile(run.state.hostLog, 'utf8');
      for (const milestone of MILESTONES) expect(hostLog).toContain(` ${milestone} `);
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it("fails with its command's own exit code", async () => {
      const { run, log } = await site.finish({ command: 'echo before; exit 7; echo after' });
      expect(log.toString()).toBe('before\n');
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 7 });
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('stops at the first line that fails', async () => {
      const { run, log } = await site.finish({
        command: 'echo before\nls /no-such-file 2>/dev/null\necho after',
      });
      expect(log.toString()).toBe('before\n');
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit' });
      expect(run.outcome.exit_code).not.toBe(0);
    });

    it('fails with 128 and the signal when its command is killed by one', async () => {
      const { run } = await site.finish({ command: 'kill -KILL $$' });
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'exit', exit_code: 137 });
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });

    it('fails with a timeout when it takes too long, and its whole process tree has been ended', async () => {
      const { run, log } = await site.finish({
        command: `trap 'echo told' TERM
        (trap '' TERM; setsid sh -c 'while :; do ${now} >/artifacts/alive; sleep 0.05; done') &
        echo started; while :; do sleep 0.1; done`,
        // Under -e the end of its sleep may be what ends it, before its trap.
        shell: 'sh',
        timeoutSecs: 1,
        graceSecs: 1,
        artifacts: ['/artifacts/alive'],
      });
      expect(log.toString()).toMatch(/^started\n(Terminated\n)?told\n/);
      expect(run.outcome).toMatchObject({ status: 'failed', cause: 'timeout', exit_code: 124 });
      const alive = Number(await readFile(`${run.state.artifactsDir}/alive`, 'utf8')) / 1e6;
      expect(alive).toBeLessThan(Date.parse(run.outcome.finished_at));
      expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
    });
  });

  const BESIDE_EACH_OTHER = ['prepare_directories', 'stage_workspace_snapshot'];
  const IN_ORDER = [
    'prepare_runtime',
    'launch_guest',
    ...(guest === 'systemd' ? ['wait_until_ready'] : []),
    'wait_for_completion',
    'collect_artifacts',
  ];
  /** Busybox knows no fractions of a second. */
  const now = guest === 'busybox' ? 'date +%s000000000' : 'date +%s%N';
  const MILESTONES = ['job_started', 'instance_created', 'artifacts_collected', 'job_finished', 'cleaned_up'];
});
