import { inject } from 'vitest';
import type { HostUnderTest } from './host-under-test.js';

/** Of the workers that run files side by side, each has a host of its own. */
export function hostOfWorker(): HostUnderTest {
  const worker = Number(process.env['VITEST_POOL_ID']);
  const host = inject('hosts')[worker - 1];
  if (host === undefined) throw new Error(`no host was started for worker ${worker}`);
  return host;
}
