import { randomBytes } from 'node:crypto';
import { SystemClock } from '../../src/adapters/node/system-clock.js';
import { removeInstance } from '../../src/application/machine/incus/remove-instance.js';
import { bareApi } from '../connect.js';
import type { BenchHost } from '../host.js';
import { value } from '../value.js';
import type { Row, Times } from './row.js';

/** (a) The floor: one POST that creates and starts, one exec of `true`, on a connection that is open. */
export function bareApiRow(host: BenchHost): Row {
  const api = bareApi(host);
  const clock = new SystemClock();
  return {
    name: 'a',
    async round(): Promise<Times> {
      const name = `bench-${randomBytes(6).toString('hex')}`;
      const start = performance.now();
      try {
        value(
          await api.incus.createInstance(host.project, {
            name,
            type: 'container',
            ephemeral: true,
            start: true,
            source: { alias: host.image },
            profiles: [host.profile],
            config: {},
            devices: {},
          }),
          'create',
        );
        const created = performance.now();
        await using exec = value(await api.incus.exec(host.project, name, { command: ['true'] }), 'exec');
        const { code } = value(await exec.exit, 'true');
        if (code !== 0) throw new Error(`true ended with ${code}`);
        const end = performance.now();
        return { create: created - start, exec: end - created, all: end - start };
      } finally {
        const removed = { incus: api.incus, clock };
        const made = { project: host.project, name, acquisition: null };
        value(await removeInstance(removed, made, AbortSignal.timeout(60_000)), 'remove');
      }
    },
    [Symbol.asyncDispose]: () => api[Symbol.asyncDispose](),
  };
}
