import { describe, expect, it } from 'vitest';
import type { MemoryJobScript } from '../../../../src/adapters/memory/memory-supervisor/memory-job.js';
import { type MemorySpan, MemoryTracer } from '../../../../src/adapters/memory/memory-tracer.js';
import type { PikaciEvent } from '../../../../src/domain/events/event.js';
import type { TargetConfigInput } from '../../../../src/domain/target/target-config.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { TargetInMemory, WORKSPACE } from '../target/target-in-memory.js';

const OUTER = '00-0123456789abcdef0123456789abcdef-fedcba9876543210-01';

/** What each command was told as TRACEPARENT, by the command. */
async function traced(target: TargetConfigInput, active: string | null = null, image?: string) {
  const tracer = new MemoryTracer();
  tracer.active = active;
  const told: Record<string, string | undefined> = {};
  const script: MemoryJobScript = async ({ request, secrets, write, cancelled }) => {
    told[request.command] = (request.environment as Record<string, string> | undefined)?.['TRACEPARENT'];
    if (request.command === 'wait') {
      await cancelled;
      return 143;
    }
    write(`${secrets['TOKEN'] ?? ''}\n`);
    return Number(request.command.split(' ')[1] ?? 0);
  };
  const made = await TargetInMemory.of(target, {
    script,
    tracer,
    ...(image === undefined ? {} : { image }),
  });
  made.host.shell.handle(({ command: { argv, env } }) => {
    if (argv[0] !== '/bin/sh') return undefined;
    told['prepare'] = env?.['TRACEPARENT'];
    return made.writeOutput(env?.['PIKACI_OUTPUT'] ?? '', '/opt/made').then(() => 0);
  });
  const span = (name: string): MemorySpan => {
    const [one, ...others] = tracer.spans.filter((span) => span.name === name);
    if (one === undefined || others.length > 0) throw new Error(`${others.length + 1} spans "${name}"`);
    return one;
  };
  return { made, tracer, told, span };
}

describe('the trace of a run', () => {
  it('has the run, its prepare nodes and jobs, and in each job its phases and steps', async () => {
    const steps = [{ id: 'one', name: 'The first', command: 'one' }, { command: 'two' }];
    const prepare = [{ id: 'tools', type: 'command' as const, command: 'make' }];
    const jobs = [{ id: 'a', steps, dependsOn: ['tools'] }];
    const { made, tracer, told, span } = await traced({ prepare, jobs }, OUTER);
    await made.run({ branch: 'topic' });
    const run = span('RUN t');
    expect(run).toMatchObject({ kind: 'server', parent: OUTER, error: null });
    expect(run.attributes).toEqual({
      'cicd.pipeline.name': 't',
      'cicd.pipeline.action.name': 'RUN',
      'cicd.pipeline.run.id': 'run',
      'cicd.pipeline.result': 'success',
      'pikaci.run.attempt': 1,
      'vcs.ref.head.name': 'topic',
    });
    const [node, job] = [span('tools'), span('a')];
    expect([node.parent, job.parent]).toEqual([run.traceparent, run.traceparent]);
    expect(node.attributes).toMatchObject({ 'pikaci.node.kind': 'prepare', 'pikaci.node.cached': false });
    expect(job.attributes).toMatchObject({
      'cicd.pipeline.task.name': 'a',
      'cicd.pipeline.task.run.id': 'run/a',
      'cicd.pipeline.task.run.result': 'success',
      'process.exit.code': 0,
      'pikaci.backend': 'incus',
    });
    expect(job.attributes['cicd.worker.name']).toMatch(/^pikaci-/);
    const phases = tracer.spans.filter(({ attributes }) => 'pikaci.phase' in attributes);
    expect(new Set(phases.map(({ parent }) => parent))).toEqual(new Set([job.traceparent]));
    const timed = (await made.record()).jobs[0]?.remote_linux_vm_execution?.phases ?? [];
    expect(timed.length).toBeGreaterThan(4);
    // The clean-up is behind the outcome.
    expect(new Set(phases.map(({ name }) => name))).toEqual(
      new Set([...timed.map(({ phase }) => phase), 'clean_up']),
    );
    const waiting = span('wait_for_completion');
    const [first, second] = [span('The first'), span('step 2')];
    expect([first.parent, second.parent]).toEqual([waiting.traceparent, waiting.traceparent]);
    expect(first.attributes).toMatchObject({ 'pikaci.step.id': 'one', 'process.exit.code': 0 });
    for (const one of tracer.spans) expect(one.endMs).toBeGreaterThanOrEqual(one.startMs);
    expect(told['prepare']).toBe(node.traceparent);
    expect(told['one']).toBe(job.traceparent);
    expect(told['two']).toBe(job.traceparent);
  });

  it('says what failed, what was skipped and what was cancelled, without a secret', async () => {
    const secrets = { TOKEN: { env: 'TOKEN' } };
    const steps = [{ id: 's', command: 'bad 7' }, { command: 'never' }];
    const jobs = [{ id: 'bad', steps, secrets }];
    const { made, tracer, span } = await traced({ jobs });
    await made.run({ secrets: { bad: { TOKEN: 'step s ended' } }, branch: 'fix-step s ended' });
    expect(span('RUN t').attributes['vcs.ref.head.name']).toBe('fix-***');
    expect(span('RUN t')).toMatchObject({ parent: null, attributes: { 'cicd.pipeline.result': 'failure' } });
    const job = span('bad');
    expect(job.attributes).toMatchObject({
      'cicd.pipeline.task.run.result': 'failure',
      'process.exit.code': 7,
      'error.type': 'exit',
    });
    expect(job.error).toBe('the *** with status 7');
    expect(span('s')).toMatchObject({ error: 'exit: exit code 7' });
    expect(span('step 2')).toMatchObject({ error: null, attributes: { 'pikaci.step.result': 'skip' } });
    expect(JSON.stringify(tracer.spans)).not.toContain('step s ended');
  });

  it('tells a job without a machine as an error', async () => {
    const { made, span } = await traced({ jobs: [{ id: 'a', command: 'x' }] }, null, 'another/image');
    await made.run();
    expect(span('a')).toMatchObject({
      attributes: { 'cicd.pipeline.task.run.result': 'error', 'error.type': 'image_not_found' },
      error: expect.stringContaining('pikaci/dev'),
    });
    expect(span('RUN t').attributes['cicd.pipeline.result']).toBe('failure');
  });

  it('is the caller’s for a job alone, and goes on when another process takes it up', async () => {
    const { made, told, span, tracer } = await traced({ jobs: [{ id: 'none', command: 'x' }] }, OUTER);
    const left = new AbortController();
    const running = made.pikaci.runJob({
      job: { id: 'a', command: 'wait' },
      workspace: WORKSPACE,
      runId: 'run',
      signal: left.signal,
      onAbort: 'detach',
    });
    while (told['wait'] === undefined) await new Promise((resolve) => setImmediate(resolve));
    left.abort();
    const detached = must(await running);
    must(await detached.cleanUp);
    const first = span('a');
    expect(first).toMatchObject({ parent: OUTER, error: null, attributes: { 'pikaci.detached': true } });
    expect(told['wait']).toBe(first.traceparent);
    tracer.spans.length = 0;
    const stop = new AbortController();
    const emit = ({ type }: PikaciEvent) => void (type === 'job_started' && stop.abort());
    const again = must(await made.pikaci.attach('run', 'a', { signal: stop.signal, events: { emit } }));
    must(await again.cleanUp);
    expect(span('a')).toMatchObject({
      parent: first.traceparent,
      attributes: { 'cicd.pipeline.task.run.result': 'cancellation' },
    });
  });

  it('has the steps of an open machine, below what the machine says itself', async () => {
    const { made, told, span } = await traced({ jobs: [{ id: 'none', command: 'x' }] }, OUTER);
    const machine = must(await made.pikaci.openMachine({ workspace: WORKSPACE }));
    must(await machine.run({ id: 'first', command: 'fine' }));
    must(await machine.run({ id: 'second', command: 'bad 3' }));
    must(await machine.run({ id: 'third', command: 'own', env: { TRACEPARENT: 'mine' } }));
    must(await machine.release());
    expect(span('first')).toMatchObject({ parent: OUTER, error: null });
    expect(told['fine']).toBe(span('first').traceparent);
    expect(span('second')).toMatchObject({ attributes: { 'process.exit.code': 3, 'error.type': 'exit' } });
    expect(span('second').error).not.toBeNull();
    expect(told['own']).toBe('mine');
  });

  it('is no part of what a prepared output is made from', async () => {
    const prepare = [{ id: 'tools', type: 'command' as const, command: 'echo $TRACEPARENT' }];
    const jobs = [{ id: 'a', command: 'x', dependsOn: ['tools'] }];
    const { made, tracer } = await traced({ prepare, jobs });
    await made.run();
    await made.run({ runId: 'second' });
    const cached = tracer.spans.flatMap(({ name, attributes }) =>
      name === 'tools' ? [attributes['pikaci.node.cached']] : [],
    );
    expect(cached).toEqual([false, true]);
  });
});
