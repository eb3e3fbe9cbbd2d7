import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { createPikaci } from '../../../../src/composition/create-pikaci.js';
import type { RunEvent } from '../../../../src/domain/events/run-event.js';
import { newLeaseConfig } from '../../../../src/domain/machine/lease.js';
import { readTemplateMark } from '../../../../src/domain/machine/template-mark.js';
import { templatePlace } from '../../../../src/domain/machine/template-place.js';
import type { TargetConfigInput } from '../../../../src/domain/target/target-config.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { TargetInMemory, WORKSPACE } from '../target/target-in-memory.js';

const TARGET: TargetConfigInput = {
  templates: {
    node: { from: 'pikaci/dev', setup: 'make it', inputs: ['src/*'] },
    idle: { from: 'node', setup: 'never asked for' },
  },
  jobs: [
    { id: 'one', template: 'node', command: 'use it' },
    { id: 'two', template: 'node', command: 'use it' },
    { id: 'plain', command: 'use nothing' },
  ],
};

/** Plays setups, which leave a file, and jobs, which say whether they find it. Counts what is run. */
function played(setup: () => number | Promise<number> = () => 0) {
  const ran: string[] = [];
  const script: MemoryJobScript = async ({ request, write, files }) => {
    ran.push(request.command);
    if (request.command === 'make it') {
      write('it is being made\n');
      files.write({ path: '/tmp/made', content: Buffer.from('by the setup') });
      return await setup();
    }
    write(files.read('/tmp/made').isOk() ? 'found\n' : 'nothing\n');
    return 0;
  };
  return { ran, script, count: (command: string) => ran.filter((one) => one === command).length };
}

const templatesOf = (target: TargetInMemory) =>
  target.host.incus.allInstances.filter(({ config }) => readTemplateMark(config) !== null);
const logOf = (target: TargetInMemory, job: string, run = 'run') =>
  target.text(`${run}/jobs/${job}/guest.log`);

describe('a job from a template', () => {
  it('is a copy of a machine that was set up once: the next run does not set it up again', async () => {
    const play = played();
    const target = await TargetInMemory.of(TARGET, { script: play.script });
    const first = await target.run();
    expect(first.jobs.map((end) => end.kind === 'ended' && end.run.outcome.status)).toEqual([
      'passed',
      'passed',
      'passed',
    ]);
    expect(play.count('make it')).toBe(1);
    expect(play.count('never asked for')).toBe(0);
    expect([await logOf(target, 'one'), await logOf(target, 'two')]).toEqual(['found\n', 'found\n']);
    expect(await logOf(target, 'plain')).toBe('nothing\n');
    expect(await target.text('run/prepare/node.log')).toBe('it is being made\n');
    const record = await target.record();
    expect(record.prepare_timings).toMatchObject([{ node_id: 'node', ok: true, cached: false }]);
    expect(first.prepares).toMatchObject([{ nodeId: 'node', kind: 'template', cached: false }]);
    const [kept, ...more] = templatesOf(target);
    expect(more).toEqual([]);
    expect(kept).toMatchObject({ status: 'Stopped', ephemeral: false, devices: {} });
    expect(Object.keys(kept?.config ?? {}).filter((key) => /lease|owner|limits/.test(key))).toEqual([]);

    const second = await target.run({ runId: 'again' });
    expect(play.count('make it')).toBe(1);
    expect(second.prepares).toMatchObject([{ nodeId: 'node', kind: 'template', cached: true }]);
    expect(await logOf(target, 'one', 'again')).toBe('found\n');
    expect(target.host.incus.allInstances).toHaveLength(1);
  });

  it('is made when there is room for its machine, and it is told that it waits', async () => {
    const play = played();
    const target = await TargetInMemory.of(TARGET, { script: play.script });
    const project = target.host.incus.world.projects.get('default');
    if (project !== undefined) project.config = { 'limits.instances': '1' };
    const other = must(await target.pikaci.openMachine({ id: 'other' }));
    const emitRun = (event: RunEvent) => {
      target.events.push(event);
      if (event.type !== 'node_queued' || project === undefined) return;
      // The template's machine stays beside that of the job.
      project.config = { 'limits.instances': '2' };
      void other.release();
    };
    const ended = await target.run({ jobs: ['one'], events: { emit: () => {}, emitRun } });
    expect(ended.jobs.map((end) => end.kind === 'ended' && end.run.outcome.status)).toEqual(['passed']);
    expect(target.events.filter(({ type }) => type.startsWith('node_queue'))).toMatchObject([
      {
        type: 'node_queued',
        node_id: 'node',
        message: expect.stringContaining('waits up to 1800 s: '),
      },
      { type: 'node_queue_left', node_id: 'node', ok: true },
    ]);
  });

  it('is not run when the setup fails, whose log is kept; nothing of it stays, and the next run tries again', async () => {
    let code = 3;
    const play = played(() => code);
    const target = await TargetInMemory.of(TARGET, { script: play.script });
    const run = await target.run();
    expect(target.ends().sort()).toEqual(['node failed', 'one skipped', 'plain passed', 'two skipped']);
    expect(run.prepares).toMatchObject([{ kind: 'faulted', fault: { kind: 'template_failed' } }]);
    expect(await target.text('run/prepare/node.log')).toBe('it is being made\n');
    expect(target.host.incus.allInstances).toEqual([]);
    code = 0;
    expect((await target.run({ runId: 'again' })).record.status).toBe('passed');
    expect(play.count('make it')).toBe(2);
  });

  it('waits for whoever makes the template already, and shows its log', async () => {
    let begun: () => void = () => {};
    let end: () => void = () => {};
    const beginning = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const ending = new Promise<void>((resolve) => {
      end = resolve;
    });
    const play = played(async () => {
      begun();
      await ending;
      return 0;
    });
    const target = await TargetInMemory.of(TARGET, { script: play.script });
    const first = target.run();
    await beginning;
    const second = target.run({ runId: 'beside' });
    await expect
      .poll(() => target.text('beside/prepare/node.log').catch(() => ''))
      .toBe('it is being made\n');
    end();
    expect([(await first).record.status, (await second).record.status]).toEqual(['passed', 'passed']);
    expect(play.count('make it')).toBe(1);
    expect((await second).prepares).toMatchObject([{ kind: 'template', cached: true }]);
  });

  it('does not use what a killed runner has left half-made: that is removed, and made anew', async () => {
    const play = played();
    const target = await TargetInMemory.of(TARGET, { script: play.script });
    await target.run();
    const [kept] = templatesOf(target);
    const key = readTemplateMark(kept?.config ?? {})?.key ?? '';
    const { incus } = target.host;
    const name = kept?.name ?? '';
    must(await incus.deleteInstance('default', name));
    const lease = { ...templatePlace(key), owner: 'killed', acquisition: 'a', expiresAtMs: 1 };
    const half = { name, type: 'container', ephemeral: false, start: true, devices: {} } as const;
    const source = { alias: 'pikaci/dev' };
    must(await incus.createInstance('default', { ...half, source, config: newLeaseConfig(lease) }));
    expect((await target.run({ runId: 'again' })).record.status).toBe('passed');
    expect(play.count('make it')).toBe(2);
    expect(await logOf(target, 'one', 'again')).toBe('found\n');
  });

  it('is refused by name where an instance that is no template has its name', async () => {
    const play = played();
    const target = await TargetInMemory.of(TARGET, { script: play.script });
    await target.run();
    const [kept] = templatesOf(target);
    must(
      await target.host.incus.patchInstance('default', kept?.name ?? '', { 'user.pikaci.template.key': 'x' }),
    );
    const run = await target.run({ runId: 'again' });
    expect(run.prepares).toMatchObject([
      {
        kind: 'faulted',
        fault: { kind: 'template_failed', message: expect.stringContaining(kept?.name ?? '') },
      },
    ]);
  });

  it('gets the same template in a run that is not trusted, which makes and changes none', async () => {
    const play = played();
    const target = await TargetInMemory.of(TARGET, { script: play.script });
    const untrusted = must(
      createPikaci(
        {
          host: 'local',
          workDir: '/var/pikaci',
          stateRoot: '/state',
          targets: { t: TARGET },
          trust: 'untrusted',
        },
        { adapters: target.host.adapters },
      ),
    );
    const run = async (runId: string) =>
      must(await untrusted.runTarget({ target: 't', workspace: WORKSPACE, runId }));
    expect((await run('u1')).prepares).toMatchObject([{ kind: 'faulted', fault: { kind: 'not_trusted' } }]);
    expect(play.count('make it')).toBe(0);
    await target.run();
    expect((await run('u2')).prepares).toMatchObject([{ kind: 'template', cached: true }]);
    expect(play.count('make it')).toBe(1);
  });

  it('has no secret of the setup in its log, whoever follows it', async () => {
    const script: MemoryJobScript = async ({ request, write }) => {
      if (request.command === 'make it') write('the token is s3cr3t-t0ken\n');
      return 0;
    };
    const templates = {
      node: { from: 'pikaci/dev', setup: 'make it', secrets: { TOKEN: { env: 'NPM_TOKEN' } } },
    };
    const jobs = [{ id: 'one', template: 'node', command: 'use it' }];
    const target = await TargetInMemory.of(
      { templates, jobs },
      { script, env: { NPM_TOKEN: 's3cr3t-t0ken' } },
    );
    await target.run();
    expect(await target.text('run/prepare/node.log')).toBe('the token is ***\n');
    expect(JSON.stringify(templatesOf(target).map(({ config }) => config))).not.toContain('s3cr3t');
  });
});
