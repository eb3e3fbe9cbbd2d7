import { getEventListeners } from 'node:events';
import { readdirSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What this process holds after its garbage is collected; memory in bytes. */
export async function runnerCounts(stateRoot: string, signal: AbortSignal, jobs: number) {
  // What finalizers give up in the first round is collected in the second.
  for (let round = 0; round < 2; round++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { rss, heapUsed, external } = process.memoryUsage();
  const files = readdirSync(stateRoot, { recursive: true }).length;
  return {
    runner_rss: rss,
    runner_heap: heapUsed,
    runner_buffers: external,
    runner_descriptors: readdirSync('/proc/self/fd').length,
    runner_resources: process.getActiveResourcesInfo().length,
    // One that outlives its job keeps the job.
    runner_abort_listeners: getEventListeners(signal, 'abort').length,
    state_files_per_job: Math.round((files / jobs) * 10) / 10,
  };
}
