import type { JobSpecInput } from '../../src/index.js';
import { connectPikaci } from '../connect.js';
import type { BenchHost } from '../host.js';
import { value } from '../value.js';
import type { BenchPlace } from '../workspace.js';
import type { Row, Times } from './row.js';

/** What every row runs that runs more than `true`: one line of output and one artifact. */
export const BENCH_COMMAND = 'echo ready; echo done >/artifacts/report.txt';

/**
 * (b) pikaci: a fresh machine for a job whose snapshot is staged, from the call to the first byte and to the collected result. (f) The
 * same on a microVM.
 */
export function pikaciColdRow(
  host: BenchHost,
  place: BenchPlace,
  { name, backend }: { readonly name: 'b' | 'f'; readonly backend: 'incus' | 'microvm' },
): Row {
  const pikaci = connectPikaci(host, place.stateRoot, backend);
  const job: JobSpecInput = { id: 'bench', command: BENCH_COMMAND, artifacts: ['/artifacts/**'] };
  return {
    name,
    async round(): Promise<Times> {
      let first: number | null = null;
      const phases: Record<string, number> = {};
      const start = performance.now();
      const run = value(
        await pikaci.runJob({
          job,
          workspace: place.workspace,
          events: {
            emit: (event) => {
              if (event.type === 'log_bytes') first ??= performance.now() - start;
              if (event.type === 'phase_finished') phases[event.phase] = event.duration_ms;
            },
          },
        }),
        'runJob',
      );
      const all = performance.now() - start;
      value(await run.cleanUp, 'clean up');
      const { outcome } = run;
      if (outcome.status !== 'passed' || first === null || outcome.artifacts.collected.length === 0) {
        throw new Error(`the job did not do its work: ${outcome.message}`);
      }
      return { first, all, ...phases };
    },
    [Symbol.asyncDispose]: () => pikaci.close(),
  };
}
