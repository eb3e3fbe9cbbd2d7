import { summary } from '../statistics.js';

/** What was counted when no job ran, by its name. */
export interface Sample {
  /** Jobs that had ended by then. */
  readonly jobs: number;
  readonly counts: Readonly<Record<string, number>>;
}

export interface Growth {
  readonly what: string;
  /** Medians of the first, the middle and the last third of the samples. */
  readonly medians: readonly [number, number, number];
  /** By how much the last may be above the first. */
  readonly allowed: number;
  readonly grows: boolean;
}

/** Samples in a third, at the least: the median of two is as good as a single one. */
export const LEAST_OF_A_THIRD = 3;
const MiB = 1024 ** 2;

/** How much may come and go with what a process and a host do of their own, in the unit of the count. */
const ALLOWED: Readonly<Record<string, number>> = {
  // V8 and malloc keep what was free, and give it back when they like.
  runner_rss: 24 * MiB,
  runner_heap: 3 * MiB,
  runner_buffers: 2 * MiB,
  // The second and further links go when they have been idle for half a minute.
  runner_descriptors: 3,
  runner_resources: 3,
  host_sshd: 6,
  host_processes: 12,
  // A daemon's own connections and its database's files.
  incusd_descriptors: 12,
  host_directories: 2,
  host_mounts: 2,
  // Jobs of some kinds leave one more than others.
  state_files_per_job: 0.2,
};

/**
 * What grows in the samples from job `from` on: each third of them is above the one before, and the last above the first by more than
 * what comes and goes. A step that is taken once, or a single high sample, is no growth. Null when there are too few samples to tell.
 */
export function growth(samples: readonly Sample[], from: number): readonly Growth[] | null {
  const judged = samples.filter(({ jobs }) => jobs >= from);
  const third = Math.floor(judged.length / 3);
  if (third < LEAST_OF_A_THIRD) return null;
  const thirds = [judged.slice(0, third), judged.slice(third, -third), judged.slice(-third)] as const;
  return Object.keys(judged[0]?.counts ?? {}).map((what) => {
    const median = (of: readonly Sample[]) =>
      summary(of.map(({ counts }) => counts[what] ?? Number.NaN)).median;
    const [first, middle, last] = [median(thirds[0]), median(thirds[1]), median(thirds[2])];
    const allowed = ALLOWED[what] ?? 0;
    const isStep = allowed > 0 && (middle <= first || last <= middle);
    return { what, medians: [first, middle, last], allowed, grows: last - first > allowed && !isStep };
  });
}
