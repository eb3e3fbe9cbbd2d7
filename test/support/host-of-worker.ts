import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { inject } from 'vitest';
import type { HostUnderTest } from './host-under-test.js';

const LONGEST_MS = 120_000;

/**
 * Of the workers that run files side by side, each has a host of its own: it listens at a name that is the host's, which ends with its
 * process. `VITEST_POOL_ID` does not tell them apart: in a run of several groups, Vitest 4.1 gives the same one to workers that run at once.
 */
const taken = await takeOne(inject('hosts'));

/** The host of this worker alone. */
export function hostOfWorker(): HostUnderTest {
  return taken;
}

async function takeOne(hosts: readonly HostUnderTest[]): Promise<HostUnderTest> {
  // The process of the file before may take a moment to end.
  for (const since = performance.now(); performance.now() - since < LONGEST_MS; await pause(50))
    for (const host of hosts) if (await take(`\0pikaci-test-host-${host.container}`)) return host;
  throw new Error(`none of ${hosts.length} hosts became free in ${LONGEST_MS} ms`);
}

async function take(name: string): Promise<boolean> {
  const server = createServer();
  server.unref().listen(name);
  return await once(server, 'listening').then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') return false;
      throw error;
    },
  );
}
