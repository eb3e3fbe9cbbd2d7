import type { Clock } from '../../ports/clock.js';
import type { DoctorCheck } from './doctor-report.js';

type Name = DoctorCheck['name'];

export const passed = (name: Name, detail: string): DoctorCheck => ({
  name,
  status: 'ok',
  detail,
  remedy: null,
});
export const skipped = (name: Name, detail: string): DoctorCheck => ({
  name,
  status: 'skipped',
  detail,
  remedy: null,
});
export const warned = (name: Name, detail: string, remedy: string): DoctorCheck => ({
  name,
  status: 'warning',
  detail,
  remedy,
});
export const failed = (name: Name, detail: string, remedy: string): DoctorCheck => ({
  name,
  status: 'failed',
  detail,
  remedy,
});

export interface Bound {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly ms: number;
}

/** `work` within a time, also when what it calls does not listen to its signal. Never hangs; what `work` throws is thrown. */
export async function inTime<T>(
  bound: Bound,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<{ readonly value: T } | 'timed_out' | 'aborted'> {
  const timer = new AbortController();
  const expired = new AbortController();
  try {
    return await Promise.race([
      work(AbortSignal.any([bound.signal, expired.signal])).then((value) => ({ value })),
      bound.clock
        .bound(bound.ms, AbortSignal.any([bound.signal, timer.signal]))
        .then((how) => (how === 'elapsed' ? ('timed_out' as const) : ('aborted' as const))),
    ]);
  } finally {
    timer.abort();
    expired.abort();
  }
}

/** An argument as a person types it into a shell. */
export function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
