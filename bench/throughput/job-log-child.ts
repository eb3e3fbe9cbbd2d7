import { statSync } from 'node:fs';
import { connectPikaci } from '../connect.js';
import { parseHost } from '../host.js';
import { value } from '../value.js';
import { benchPlace } from '../workspace.js';
import { peakRssBytes, type StreamResult, streamCommand } from './stream-result.js';

// The same bytes as the log of a job, which pikaci keeps. Arguments: the host as JSON, the bytes.
const host = parseHost(process.argv[2] ?? '');
const wanted = Number(process.argv[3]);
using place = benchPlace();
await using pikaci = connectPikaci(host, place.stateRoot);
const start = performance.now();
let first = start;
let last = start;
let bytes = 0;
const run = value(
  await pikaci.runJob({
    job: { id: 'stream', command: streamCommand(wanted) },
    workspace: place.workspace,
    events: {
      emit: (event) => {
        if (event.type !== 'log_bytes') return;
        last = performance.now();
        if (bytes === 0) first = last;
        bytes += event.data.length;
      },
    },
  }),
  'runJob',
);
const kept = statSync(run.state.guestLog).size;
if (run.outcome.status !== 'passed' || bytes !== wanted || kept !== wanted) {
  throw new Error(`${run.outcome.message}: ${bytes} of ${wanted} bytes came, ${kept} were kept`);
}
const result: StreamResult = { bytes, ms: last - first, allMs: last - start, peakRssBytes: peakRssBytes() };
console.log(JSON.stringify(result));
