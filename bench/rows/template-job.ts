import type { TargetConfigInput } from '../../src/index.js';
import { connectPikaci } from '../connect.js';
import type { BenchHost } from '../host.js';
import { value } from '../value.js';
import type { BenchPlace } from '../workspace.js';
import { BENCH_COMMAND } from './pikaci-cold.js';
import type { Row, Times } from './row.js';

/** 200 MB in 5,000 files. */
const SETUP =
  'mkdir /opt/bench && cd /opt/bench && base64 </dev/urandom | head -c 209715200 | split -b 41944 -a 4 -d - f';

/** (m) A job whose machine is a copy of a template with 5,000 files and 200 MB more than the image, made before. */
export function templateJobRow(host: BenchHost, place: BenchPlace): Row {
  const pikaci = connectPikaci(host, place.stateRoot);
  const definition: TargetConfigInput = {
    templates: { bench: { from: host.image, setup: SETUP, runAsRoot: true } },
    jobs: [{ id: 'job', template: 'bench', command: BENCH_COMMAND, artifacts: ['/artifacts/**'] }],
  };
  const ask = { target: 'bench', definition, workspace: place.workspace };
  let rounds = 0;
  return {
    name: 'm',
    async round(): Promise<Times> {
      if (rounds++ === 0) value(await pikaci.buildTemplates(ask), 'make the template');
      let first: number | null = null;
      const start = performance.now();
      const events = {
        emit: ({ type }: { readonly type: string }) => {
          if (type === 'log_bytes') first ??= performance.now() - start;
        },
      };
      const run = value(await pikaci.runTarget({ ...ask, events }), 'runTarget');
      const all = performance.now() - start;
      value(await run.cleanUp, 'clean up');
      if (run.record.status !== 'passed' || first === null)
        throw new Error(`the job did not do its work: ${run.record.message}`);
      return { first, all };
    },
    async [Symbol.asyncDispose]() {
      if (rounds > 0) value(await pikaci.removeTemplate('bench', { force: true }), 'remove the template');
      await pikaci.close();
    },
  };
}
