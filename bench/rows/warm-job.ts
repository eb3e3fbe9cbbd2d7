import { connectPikaci } from '../connect.js';
import type { BenchHost } from '../host.js';
import { value } from '../value.js';
import type { BenchPlace } from '../workspace.js';
import { BENCH_COMMAND } from './pikaci-cold.js';
import type { Row, Times } from './row.js';

/** (l) The job of b in a machine that waits: the pool is full when it begins. */
export function warmJobRow(host: BenchHost, place: BenchPlace): Row {
  const pikaci = connectPikaci(host, place.stateRoot, 'incus', { warm: { size: 1 } });
  let rounds = 0;
  return {
    name: 'l',
    async round(): Promise<Times> {
      rounds++;
      value(await pikaci.fillPool(), 'fill the pool');
      let first: number | null = null;
      const start = performance.now();
      const events = {
        emit: ({ type }: { readonly type: string }) => {
          if (type === 'log_bytes') first ??= performance.now() - start;
        },
      };
      const job = { id: 'bench', command: BENCH_COMMAND, artifacts: ['/artifacts/**'] };
      const run = value(await pikaci.runJob({ job, workspace: place.workspace, events }), 'runJob');
      const all = performance.now() - start;
      value(await run.cleanUp, 'clean up');
      const { status, acquired } = run.outcome;
      if (status !== 'passed' || first === null || acquired?.from !== 'warm')
        throw new Error(`the job was not run in a machine that waited: ${status} ${acquired?.reason}`);
      return { first, all };
    },
    async [Symbol.asyncDispose]() {
      if (rounds > 0) value(await pikaci.drainPool(), 'drain the pool');
      await pikaci.close();
    },
  };
}
