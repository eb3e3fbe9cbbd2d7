import { describe, expect, it } from 'vitest';
import { createPikaci, type PikaciConfigInput } from '../../../src/index.js';
import { MemoryClock, MemoryHost } from '../../../src/testing/index.js';

async function embedded(config: Partial<PikaciConfigInput> = {}, clock?: MemoryClock) {
  const host = new MemoryHost({
    ...(clock === undefined ? {} : { clock }),
    script: async ({ request, write }) => {
      write(`$ ${request.command}\n`);
      return 0;
    },
  });
  await host.setWorkspace('/srv', { 'README.md': { content: '# it\n' } });
  const options = { adapters: host.adapters, baseDir: '/base' };
  return { host, pikaci: createPikaci({ host: 'local', ...config }, options)._unsafeUnwrap() };
}

describe('a pikaci whose adapters are all replaced', () => {
  it('runs a job without a host, with what pikaci/testing has', async () => {
    const { host, pikaci } = await embedded();
    const run = await pikaci.runJob({ job: { id: 'test', command: 'make test' }, workspace: '/srv' });
    const { outcome, state, cleanUp } = run._unsafeUnwrap();
    expect(outcome).toMatchObject({ status: 'passed', exit_code: 0 });
    expect(state.jobDir).toMatch(/^\/base\/\.pikaci\/runs\/[^/]+\/jobs\/test$/);
    const log = await host.localFiles.readFile(state.guestLog);
    expect(Buffer.from(log._unsafeUnwrap()).toString()).toBe('$ make test\n');
    expect((await cleanUp).isOk()).toBe(true);
    await pikaci.close();
    expect(host.incus.allInstances).toEqual([]);
  });

  it('sends a workspace without what the configuration leaves out, also by a scanner that was brought', async () => {
    const workDir = '/work';
    const { host, pikaci } = await embedded({ workDir, workspace: { exclude: ['data'] } });
    await host.setWorkspace('/srv', { 'data/x': { content: 'x' }, a: { content: 'a' } });
    const run = await pikaci.runJob({ job: { id: 'test', command: 'x' }, workspace: '/srv' });
    expect(run._unsafeUnwrap().outcome.status).toBe('passed');
    const scanned = await host.scanner.scan('/srv', { exclude: ['data'] });
    const snapshot = `${workDir}/snapshots/${scanned._unsafeUnwrap().contentHash}/snapshot`;
    expect((await host.hostFiles.lstat(`${snapshot}/a`)).isOk()).toBe(true);
    expect((await host.hostFiles.lstat(`${snapshot}/data/x`)).isErr()).toBe(true);
    await pikaci.close();
  });

  it('leaves the adapters that were brought to whoever brought them', async () => {
    const { host, pikaci } = await embedded();
    await pikaci.close();
    await pikaci.close();
    expect((await host.incus.server()).isOk()).toBe(true);
    expect((await host.shell.spawn({ argv: ['true'] })).isOk()).toBe(true);
  });

  it('waits for a clean-up that is under way when it is closed', async () => {
    const clock = new MemoryClock();
    const { host, pikaci } = await embedded({}, clock);
    host.incus.faults.failNext('changeState', 'busy');
    const run = await pikaci.runJob({ job: { id: 'test', command: 'x' }, workspace: '/srv' });
    expect(run.isOk()).toBe(true);
    const closing = pikaci.close();
    // The clean-up looks again after a while.
    await clock.asleepFor(100);
    expect(host.incus.allInstances).toHaveLength(1);
    await clock.advance(100);
    await closing;
    expect(host.incus.allInstances).toEqual([]);
  });

  it('looks at its host with the doctor', async () => {
    const { pikaci } = await embedded();
    const report = await pikaci.doctor();
    expect(report.checks.filter(({ status }) => status === 'failed')).toEqual([]);
  });

  it('refuses jobs for a microVM without a runner, and says which setting names one', async () => {
    const { pikaci } = await embedded({ backend: 'microvm' });
    const run = await pikaci.runJob({ job: { id: 'test', command: 'x' }, workspace: '/srv' });
    expect(run._unsafeUnwrapErr()).toMatchObject({ kind: 'runner_missing', field: 'microvm.runner' });
  });

  it('makes no more machines at one moment than the configuration says', async () => {
    const { host, pikaci } = await embedded({ incus: { parallelCreates: 1 } });
    const held = host.incus.faults.holdNextCreate();
    const jobs = ['a', 'b'].map((id) =>
      pikaci.runJob({ job: { id, command: 'x' }, workspace: '/srv', runId: 'run' }),
    );
    await held.reached;
    expect(host.incus.allInstances).toHaveLength(1);
    held.release();
    for (const job of await Promise.all(jobs)) expect(job.isOk()).toBe(true);
    await pikaci.close();
  });
});

describe('a configuration', () => {
  it('that is wrong is refused with the path of each value', () => {
    const job = { id: 'a', command: 'x', timeoutSecs: -1 };
    const fault = createPikaci({ host: 'local', targets: { t: { jobs: [job] } } })._unsafeUnwrapErr();
    expect(fault.problems.map(({ path }) => path)).toEqual(['targets.t.jobs[0].timeoutSecs']);
  });

  it('makes no connection by itself', async () => {
    const pikaci = createPikaci({ host: { ssh: 'nobody@host.invalid' } })._unsafeUnwrap();
    expect(pikaci.host).toContain('host.invalid');
    await pikaci.close();
  });
});
