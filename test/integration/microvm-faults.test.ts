import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { JobFault, PikaciConfigInput } from '../../src/index.js';
import { must, mustFail } from '../../src/testing/contract/expect-result.js';
import { EventRecorder } from '../support/event-recorder.js';
import { NOTHING_LEFT, Site } from '../support/site.js';

let site: Site;
beforeAll(async () => {
  site = await Site.open({ backend: 'microvm' });
  // The snapshot is staged, so that every other job here reaches its launch at once.
  await site.finish({ command: 'true' });
});
afterAll(() => site[Symbol.asyncDispose]());

/** A runner directory on the host, made of these programs; those that are left out are the real runner's. */
async function runnerOf(name: string, programs: Readonly<Record<string, string>>): Promise<string> {
  const path = `${site.workDir}/runner-${name}`;
  await site.onHost('mkdir -p "$1/bin"; ln -sf "$2"/bin/* "$1/bin/"', path, site.host.microvmRunner);
  for (const [program, text] of Object.entries(programs)) {
    const script = `#!/bin/sh\n${text}\n`;
    await site.onHost('rm -f "$1"; printf "%s" "$2" >"$1"; chmod 755 "$1"', `${path}/bin/${program}`, script);
  }
  return path;
}

/** The fault of a job on such a runner, of which nothing is left afterwards. */
async function faultOn(runner: string, microvm: PikaciConfigInput['microvm'] = {}): Promise<JobFault> {
  const runId = site.newRunId();
  const pikaci = site.open({ microvm: { runner, bootTimeoutSecs: 300, ...microvm } });
  const run = await pikaci.runJob({ job: { id: 'j', command: 'true' }, workspace: site.workspace, runId });
  if (run.isOk()) throw new Error(`it ended as ${JSON.stringify(run.value.outcome)}`);
  expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  return run.error;
}

describe('a microVM that cannot be launched', () => {
  it('for want of a runner: the setting is named', async () => {
    expect(await faultOn('/nowhere')).toMatchObject({ kind: 'runner_missing', field: 'microvm.runner' });
  });

  it('because its runner ends at once: its status and its last words are told', async () => {
    const fault = await faultOn(
      await runnerOf('ends', { 'microvm-run': 'echo no such accelerator; exit 3' }),
    );
    expect(fault).toMatchObject({ kind: 'boot_failed', phase: 'launch_guest' });
    expect(fault.message).toMatch(/ended before its supervisor ran .*status 3.*\nno such accelerator$/s);
  });

  it('because its share daemon ends: the end of its log is told', async () => {
    const fault = await faultOn(
      await runnerOf('no-daemon', { 'virtiofsd-run': 'echo what is a share >&2; exit 1' }),
    );
    expect(fault).toMatchObject({ kind: 'share_failed' });
    expect(fault.message).toContain('what is a share');
  });

  it('because a socket never comes: which one is told', async () => {
    const fault = await faultOn(
      await runnerOf('no-socket', { 'virtiofsd-run': 'echo thinking; exec sleep 600' }),
    );
    expect(fault).toMatchObject({ kind: 'share_failed' });
    expect(fault.message).toMatch(/the socket artifacts\.sock did not come within 10 s: thinking/);
  });

  it('because it hangs at boot: it has a bound of its own', async () => {
    const runner = await runnerOf('hangs', { 'microvm-run': 'echo Loading initrd; exec sleep 600' });
    const fault = await faultOn(runner, { bootTimeoutSecs: 2 });
    expect(fault).toMatchObject({ kind: 'boot_timed_out' });
    expect(fault.message).toMatch(/within the boot timeout; the end of its console:\nLoading initrd$/);
  });

  it('because its kernel panics or it runs out of memory: the end of its console is told', async () => {
    const few = `PIKACI_MICROVM_MEMORY_MIB=128; export PIKACI_MICROVM_MEMORY_MIB
      mkdir -p control2; cp shares/control/* control2/; umount shares/control 2>/dev/null; mount --bind control2 shares/control
      echo 'echo c >/proc/sysrq-trigger; sleep 60' >control2/pikaci-microvm-guest
      exec ${site.host.microvmRunner}/bin/virtiofsd-run`;
    const fault = await faultOn(await runnerOf('panics', { 'virtiofsd-run': few }));
    expect(fault).toMatchObject({ kind: 'boot_failed' });
    expect(fault.message).toMatch(/Kernel panic|sysrq/i);
  });

  it('because a share cannot be mounted in it: which one is told', async () => {
    const runner = await runnerOf('no-share', {
      'microvm-run': `umount shares/artifacts && rmdir shares/artifacts; exec ${site.host.microvmRunner}/bin/microvm-run`,
    });
    const fault = await faultOn(runner);
    expect(fault).toMatchObject({ kind: 'boot_failed' });
    expect(fault.message).toContain('the share artifacts cannot be mounted');
  });
});

describe('a microVM that runs', () => {
  it('and powers off without a result has lost its job', async () => {
    const { run, log } = await site.finish({
      command: 'echo begun; sleep 0.2; echo o >/proc/sysrq-trigger; sleep 60',
      runAsRoot: true,
    });
    expect(log.toString()).toBe('begun\n');
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'lost', exit_code: null });
    expect(run.outcome.message).toContain('powered off without an exit record');
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it('and whose job forges a result without being root, and is then killed, has lost it', async () => {
    const forged =
      '{"schema_version":1,"status":"passed","exit_code":0,"finished_at":"x","message":"","cause":"exit"}';
    const runId = site.newRunId();
    const events = new EventRecorder();
    const running = site.finish(
      { command: `echo '${forged}' >/artifacts/result.json; echo forged; sleep 600` },
      { runId, events },
    );
    await events.logged('forged');
    await site.loseMachine(runId);
    const { run } = await running;
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'lost', exit_code: null });
    expect(run.outcome.message).toContain('killed from outside');
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it('and fills its artifacts is ended before the host is full', async () => {
    const pikaci = site.open({ microvm: { ...site.config().microvm, artifactsBytes: 60_000_000 } });
    const { run, log } = await site.finish(
      {
        command: `head -c 100000000 /dev/zero >/artifacts/one 2>/dev/null || echo 'one is too large'
          head -c 50000000 /dev/zero >/artifacts/two; sleep 600`,
      },
      {},
      pikaci,
    );
    expect(log.toString()).toBe('one is too large\n');
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'lost' });
    expect(run.outcome.message).toContain('microvm.artifactsBytes');
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it('and does not fit where its workspace is set aside says what did not, and brings no part of it', async () => {
    const pikaci = site.open({ microvm: { ...site.config().microvm, artifactsBytes: 60_000_000 } });
    const { run } = await site.finish(
      {
        command: 'mkdir out; head -c 70000000 /dev/zero >out/large; echo small >out/small',
        writableWorkspace: true,
        artifacts: ['out/**'],
      },
      {},
      pikaci,
    );
    expect(run.outcome.status).toBe('passed');
    const { collected, refused } = run.outcome.artifacts;
    expect(collected).toEqual([{ path: 'out/small', bytes: 6 }]);
    expect(refused).toEqual([{ path: '/workspace/snapshot/out/large', rule: 'not_whole' }]);
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it('and fills the host behind the end of its job has that end, and artifacts that are not called whole', async () => {
    const pikaci = site.open({ microvm: { ...site.config().microvm, artifactsBytes: 60_000_000 } });
    const { run } = await site.finish(
      {
        // One file in the guest, and as many on the host as it has names.
        command:
          'mkdir out; head -c 20000000 /dev/zero >out/f0; for i in $(seq 200); do ln out/f0 out/f$i; done',
        writableWorkspace: true,
        artifacts: ['out/**'],
      },
      {},
      pikaci,
    );
    expect(run.outcome).toMatchObject({ status: 'passed', cause: 'exit', exit_code: 0 });
    const { collected, incomplete } = run.outcome.artifacts;
    expect(incomplete).toContain('microvm.artifactsBytes');
    for (const { path, bytes } of collected) expect([path, bytes]).toEqual([path, 20_000_000]);
    expect(collected.length).toBeLessThan(201);
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it('and plants links and devices gets nothing of the host', async () => {
    const { run, log } = await site.finish({
      command: `cd /artifacts; ln -s /etc/shadow shadow; ln -s / root; mknod disk b 7 0; mkfifo pipe; echo good >good
        rm guest.log; ln -s /etc/shadow guest.log; rm -f result.json; ln -s /etc/shadow result.json; sleep 1`,
      // Some of it is refused to it, and it goes on.
      shell: 'sh',
      runAsRoot: true,
      artifacts: ['/artifacts/**'],
    });
    expect(log.toString()).not.toContain('root:');
    expect(run.outcome.artifacts.collected).toEqual([{ path: 'good', bytes: 5 }]);
    const rules = Object.fromEntries(run.outcome.artifacts.refused.map(({ path, rule }) => [path, rule]));
    expect(rules).toMatchObject({
      '/artifacts/shadow': 'symbolic_link',
      '/artifacts/root': 'symbolic_link',
      '/artifacts/pipe': 'special_file',
    });
    expect(await site.leftovers(run.runId)).toEqual(NOTHING_LEFT);
  });

  it('ends when its directory is removed from the host', async () => {
    const runId = site.newRunId();
    const events = new EventRecorder();
    const running = site.finish({ command: 'echo begun; sleep 600' }, { runId, events });
    await events.logged('begun');
    // The machine's watcher may write a file into it meanwhile: then a directory that was emptied is not empty.
    await site.onHost(
      'tries=0; until rm -rf "$1"; do tries=$((tries + 1)); [ "$tries" -lt 100 ]; done',
      `${site.workDir}/runs/${runId}`,
    );
    const { run } = await running;
    expect(run.outcome).toMatchObject({ status: 'failed', cause: 'lost' });
    expect(await site.leftovers(runId)).toEqual(NOTHING_LEFT);
  });

  it('has the cores, the memory and the disk that its limits say', async () => {
    const { log } = await site.finish({
      command: `nproc; awk '/MemTotal/ { print ($2 > 600000 && $2 < 800000) }' /proc/meminfo
        df -B 1000000 --output=size / | tail -n 1`,
      limits: { cpu: 2, memory: '768MiB', disk: '300MiB' },
    });
    const [cores, memory, disk] = log.toString().trim().split('\n').map(Number);
    expect({ cores, memory }).toEqual({ cores: 2, memory: 1 });
    expect(disk).toBeGreaterThan(200);
    expect(disk).toBeLessThan(315);
  });

  it('is another runner’s when its run and job are there already', async () => {
    const runId = site.newRunId();
    const events = new EventRecorder();
    const running = site.finish(
      { command: 'echo begun; until [ -e /artifacts/go ]; do sleep 0.1; done' },
      { runId, events },
    );
    await events.logged('begun');
    const elsewhere = site.open({ stateRoot: `${site.directory}/another-state` });
    const job = { id: 'j', command: 'true' };
    mustFail(await elsewhere.runJob({ job, workspace: site.workspace, runId }), 'run_exists');
    // Nor does one that fails before its launch take anything away.
    const missing = { ...job, preparedOutputs: [{ name: 'none', path: '/nowhere' }] };
    mustFail(
      await site
        .open({ stateRoot: `${site.directory}/a-third-state` })
        .runJob({ job: missing, workspace: `${site.directory}/no-workspace`, runId }),
      'run_exists',
    );
    const control = `${site.workDir}/runs/${runId}/jobs/j/vm/control`;
    expect(await site.onHost('cat "$1/request.json"', control)).toContain('until [ -e /artifacts/go ]');
    await site.release(runId);
    expect((await running).run.outcome.status).toBe('passed');
    expect(must(await site.pikaci.reap({ dryRun: true })).deleted).toEqual([]);
  });
});
