import { timeChild } from '../child-output.js';
import type { BenchHost } from '../host.js';
import type { Row, Times } from './row.js';

/** (c) `docker run --rm` of the guest's own root filesystem, on this machine, without a network between. */
export function dockerRunRow(host: BenchHost): Row {
  const run = ['docker', 'run', '--rm', host.guestDockerImage] as const;
  return {
    name: 'c',
    async round(): Promise<Times> {
      const silent = await timeChild([...run, 'true']);
      const loud = await timeChild([...run, 'echo', 'ready']);
      if (loud.firstMs === null) throw new Error('docker run printed nothing');
      return { first: loud.firstMs, all: silent.endMs };
    },
    async [Symbol.asyncDispose]() {
      // Each container removes itself.
    },
  };
}
