import type { Summary } from './statistics.js';
import type { Throughput } from './throughput/measure.js';

export interface Target {
  readonly what: string;
  readonly measured: number;
  readonly wanted: string;
  readonly met: boolean;
}

export type RowSummaries = Readonly<Record<string, Readonly<Record<string, Summary>>>>;

const MB = 1_000_000;

/** Every target that the measured rows say something about. Ratios are of medians. */
export function targets(rows: RowSummaries, throughput: Throughput | null): readonly Target[] {
  const median = (row: string, of: string) => rows[row]?.[of]?.median ?? Number.NaN;
  const [floor, first, node] = [median('a', 'all'), median('b', 'first'), median('g', 'node')];
  const atMost = (what: string, measured: number, most: number): Target => ({
    what,
    measured,
    wanted: `<= ${most}`,
    met: measured <= most,
  });
  const atLeast = (what: string, measured: number, least: number): Target => ({
    what,
    measured,
    wanted: `>= ${least}`,
    met: measured >= least,
  });
  const found = [
    atMost('b first output / a', first / floor, 1.15),
    // `docker run --rm` is a command that is waited for: it is timed to its end. To its first output c is ahead of a itself.
    atMost('b first output / c to its end', first / median('c', 'all'), 1),
    atLeast('d first output / b first output', median('d', 'first') / first, 15),
    atMost('f first output / e', median('f', 'first') / median('e', 'first'), 1.15),
    atMost('h step in an open machine / bare exec', median('h', 'step') / median('h', 'bare'), 1.3),
    atMost('i first / rsync', median('i', 'first') / median('i', 'rsync_first'), 1),
    atMost('i one of 10,000 changed / rsync', median('i', 'changed') / median('i', 'rsync_changed'), 0.5),
    atMost('i unchanged / rsync', median('i', 'unchanged') / median('i', 'rsync_unchanged'), 0.25),
    atMost('k with a cache of 1 GiB / without', median('k', 'with') / median('k', 'without'), 1.4),
    atMost('l warm, to the first output / a', median('l', 'first') / floor, 0.4),
    atMost('l warm, first output / c to its end', median('l', 'first') / median('c', 'all'), 0.5),
    atMost('m from a template, first output / a', median('m', 'first') / floor, 1.35),
    atLeast('n rate of cold jobs / of bare calls', median('n', 'bare') / median('n', 'cold'), 0.9),
    atLeast('n rate on a pool of 4 / of bare calls', median('n', 'bare') / median('n', 'warm'), 1.5),
    atMost('g pikaci --version / node -e 0', median('g', 'version') / node, 3),
    atMost("g what import 'pikaci' adds / node -e 0", (median('g', 'library') - node) / node, 3),
  ];
  if (throughput !== null) {
    found.push(atLeast('job log rate / bare exec rate', rate(throughput.job) / rate(throughput.bare), 0.8));
    const rss = Math.max(...throughput.job.map(({ peakRssBytes }) => peakRssBytes)) / MB;
    found.push({ what: 'peak RSS of the job log, MB', measured: rss, wanted: '< 200', met: rss < 200 });
  }
  return found.filter(({ measured }) => Number.isFinite(measured));
}

/** Bytes a millisecond, the best of the rounds: what disturbs a stream only ever makes it slower. */
export function rate(streams: Throughput['bare']): number {
  return Math.max(...streams.map(({ bytes, ms }) => bytes / ms));
}
