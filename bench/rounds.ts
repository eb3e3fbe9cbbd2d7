import type { Row, Times } from './rows/row.js';
import { type Summary, summary } from './statistics.js';

export interface PlannedRow {
  readonly row: Row;
  readonly rounds: number;
}

/** What was measured of one row: a list of milliseconds for each of its quantities. */
export type Samples = Readonly<Record<string, readonly number[]>>;

/**
 * One round of each row after the other, so that what else the machine does falls on all of them. The first time each runs
 * is not counted: it connects and stages.
 */
export async function measureRounds(
  rows: readonly PlannedRow[],
  onRound: (done: number, of: number) => void,
): Promise<Readonly<Record<string, Samples>>> {
  const samples = Object.fromEntries(
    rows.map(({ row }): [string, Record<string, number[]>] => [row.name, {}]),
  );
  for (const { row } of rows) await row.round();
  const most = Math.max(0, ...rows.map(({ rounds }) => rounds));
  for (let round = 0; round < most; round++) {
    for (const { row, rounds } of rows) {
      if (round < rounds) add(samples[row.name] ?? {}, await row.round());
    }
    onRound(round + 1, most);
  }
  return samples;
}

function add(into: Record<string, number[]>, times: Times): void {
  for (const [name, ms] of Object.entries(times)) into[name] = [...(into[name] ?? []), ms];
}

export function summaries(samples: Samples): Readonly<Record<string, Summary>> {
  return Object.fromEntries(Object.entries(samples).map(([name, values]) => [name, summary(values)]));
}
