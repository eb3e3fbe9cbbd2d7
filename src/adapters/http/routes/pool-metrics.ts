import type { WaitingMachineDocument } from '../../../domain/records/pool-documents.js';
import type { PoolRecord } from '../../../domain/records/pool-record.js';
import { gauge } from './metric-lines.js';

/** The pools of machines that wait, as they were seen last. */
export function poolMetrics(pools: readonly PoolRecord[]): string {
  const each = (of: (pool: PoolRecord) => number) =>
    pools.map((pool) => ({ labels: labelsOf(pool), value: of(pool) }));
  return [
    gauge(
      'pikaci_pool_size',
      'Machines that are to wait in a pool.',
      each(({ size }) => size),
    ),
    gauge(
      'pikaci_pool_waiting',
      'Machines that waited in a pool when it was seen last, by how they are.',
      pools.flatMap((pool) =>
        STATES.map((state) => ({
          labels: { ...labelsOf(pool), state },
          value: pool.waiting.filter((one) => stateOf(one) === state).length,
        })),
      ),
    ),
    gauge(
      'pikaci_pool_oldest_timestamp_seconds',
      'When the machine was made that waits in a pool for longest, by the host’s clock.',
      each(({ waiting }) => Math.min(...waiting.map((one) => Date.parse(one.created_at))) / 1000),
    ),
    gauge(
      'pikaci_pool_problem',
      'Whether there was a reason why a pool was not full when it was seen last.',
      each(({ problem }) => (problem === null ? 0 : 1)),
    ),
    gauge(
      'pikaci_pool_seen_timestamp_seconds',
      'When a process of this state root filled or drained a pool last.',
      each(({ seen_at }) => Date.parse(seen_at) / 1000),
    ),
  ].join('');
}

const STATES = ['up', 'starting', 'to_be_replaced'] as const;

function stateOf({ is_up, replaced_because }: WaitingMachineDocument): (typeof STATES)[number] {
  if (replaced_because !== null) return 'to_be_replaced';
  return is_up ? 'up' : 'starting';
}

function labelsOf({ host, incus_project, pool, template, image_alias }: PoolRecord): Record<string, string> {
  const from = template === null ? { image: image_alias ?? '' } : { template };
  return { host, incus_project, pool, ...from };
}
