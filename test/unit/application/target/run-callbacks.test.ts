import { describe, expect, it } from 'vitest';
import type { RunTargetInput } from '../../../../src/application/target/target-run.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { TargetInMemory } from './target-in-memory.js';

const job = (id: string) => ({ id, command: `run ${id}` });
const broken = (): never => {
  throw new Error('the embedder is broken');
};

/** Resolves when a warning is told. */
async function warned(onJobEnd: NonNullable<RunTargetInput['onJobEnd']>) {
  const target = await TargetInMemory.of({ jobs: [job('a')] });
  let tell: (message: string) => void = () => {};
  const message = new Promise<string>((resolve) => {
    tell = resolve;
  });
  const run = must(
    await target.start({
      onJobEnd,
      events: {
        emit: () => {},
        emitRun: (event) => {
          if (event.type === 'run_warning') tell(event.message);
        },
      },
    }),
  );
  must(await run.cleanUp);
  return { run, message: await message };
}

describe('what a caller gives to be told of jobs', () => {
  it.each([
    ['throws', broken],
    ['rejects', async () => broken()],
    [
      'answers with a thenable that rejects',
      // biome-ignore lint/suspicious/noThenProperty: other libraries' promises are such objects.
      () => ({ then: (_: unknown, no: (e: Error) => void) => no(new Error('the embedder is broken')) }),
    ],
  ] as const)('and %s ends nothing, and is told', async (_title, onJobEnd) => {
    const { run, message } = await warned(onJobEnd as never);
    expect(run.record.status).toBe('passed');
    expect(message).toBe('onJobEnd failed for a, and the run goes on: the embedder is broken');
  });
});

describe('a job that another’s failure has ended', () => {
  it('says whose, unless the caller had ended the run', async () => {
    const ends = async (interrupt: boolean) => {
      const stop = new AbortController();
      let begin = () => {};
      const began = new Promise<void>((resolve) => {
        begin = resolve;
      });
      const target = await TargetInMemory.of(
        { parallel: 2, failFast: true, jobs: [job('a'), job('slow')] },
        {
          script: async ({ request, cancelled }) => {
            if (request.command === 'run a') return began.then(() => 1);
            begin();
            await cancelled;
            return 143;
          },
        },
      );
      const onJobEnd: RunTargetInput['onJobEnd'] = ({ jobId }) => {
        if (interrupt && jobId === 'a') stop.abort();
      };
      const run = await target.run({ signal: stop.signal, onJobEnd });
      return run.jobs.map((end) => ('endedFor' in end ? end.endedFor : null));
    };
    expect(await ends(false)).toEqual([null, 'a']);
    expect(await ends(true)).toEqual([null, null]);
  });
});
