import { describe, expect, it } from 'vitest';
import type { EventSink } from '../../../../src/ports/event-sink.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';
import { TargetInMemory } from '../target/target-in-memory.js';

const input = { job: { id: 'job', command: 'make' }, workspace: WORKSPACE, runId: 'run' } as const;
const speak = {
  script: async (job: { write(text: string): void }) => {
    job.write('words\n');
    return 0;
  },
};
const thrower = (): never => {
  throw new Error('the consumer is broken');
};

const sinks: readonly (readonly [string, EventSink])[] = [
  ['throws at every event', { emit: thrower }],
  ['throws something without a text', { emit: () => (({}) as { length: number[] }).length[0] as never }],
  ['is an async function that rejects', { emit: (async () => thrower()) as () => void }],
  ['rejects when asked whether it is drained', { emit: () => {}, drained: async () => thrower() }],
  ['throws when asked whether it is drained', { emit: () => {}, drained: thrower }],
];

describe('an event sink of the consumer that', () => {
  for (const [title, events] of sinks) {
    it(`${title} changes nothing about the job, and is told once`, async () => {
      const run = await memoryRun(speak);
      const { outcome, cleanUp } = must(await run.pikaci.runJob({ ...input, events }));
      expect(outcome.status).toBe('passed');
      must(await cleanUp);
      expect(run.host.incus.allInstances).toEqual([]);
      expect(await run.state('guest.log')).toBe('words\n');
      const told = (await run.state('host.log')).match(/ warning .*of the event sink failed/g);
      expect(told).toHaveLength(1);
    });
  }

  it('throws at one event gets those that follow, and the warning', async () => {
    const run = await memoryRun(speak);
    const types: string[] = [];
    const events: EventSink = {
      emit: (event) => {
        if (event.type === 'job_started') thrower();
        types.push(event.type === 'warning' ? event.message : event.type);
      },
    };
    must(await run.pikaci.runJob({ ...input, events }));
    expect(types[0]).toBe('emit of the event sink failed, and the job goes on: the consumer is broken');
    expect(types).toContain('job_finished');
  });

  it('throws has its message masked like every text', async () => {
    const run = await memoryRun(speak);
    const job = { ...input.job, secrets: { TOKEN: 'consumer is' } };
    must(await run.pikaci.runJob({ ...input, job, events: { emit: thrower } }));
    expect(await run.state('host.log')).toContain('the *** broken');
  });

  it('throws in a run of a target leaves its jobs alone', async () => {
    const run = await TargetInMemory.of({ jobs: [{ id: 'job', command: 'make' }] }, speak);
    const broken = { events: { emit: thrower, emitRun: thrower }, onJobEnd: thrower };
    const { record } = await run.run(broken);
    expect(record).toMatchObject({ status: 'passed', jobs: [{ status: 'passed' }] });
    const told = (await run.text('run/events.jsonl')).split('\n').filter((line) => /run_warning/.test(line));
    expect(told.map((line) => JSON.parse(line).message)).toEqual([
      'emitRun of the event sink failed, and the job goes on: the consumer is broken',
      'onJobEnd failed for job, and the run goes on: the consumer is broken',
    ]);
    expect(run.host.incus.allInstances).toEqual([]);
  });
});
