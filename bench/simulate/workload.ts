import type { Random } from '../../test/support/chaos/random.js';

/** One job, as it is known before anything has run. Times are ms. */
export interface PlannedJob {
  readonly id: string;
  readonly cores: number;
  readonly durationMs: number;
  readonly exitCode: number;
}

export interface PlannedRun {
  readonly id: string;
  readonly arrivesMs: number;
  readonly runner: number;
  readonly workspace: string;
  readonly jobs: readonly PlannedJob[];
}

export interface Outage {
  readonly member: string;
  readonly fromMs: number;
  readonly untilMs: number;
}

export interface RunnerDeath {
  readonly runner: number;
  readonly atMs: number;
  readonly backMs: number;
}

export interface Workload {
  /** Cores of each member, by its name; the first is the host that runners begin with, which does not fail. */
  readonly members: ReadonlyMap<string, number>;
  readonly runners: number;
  readonly runs: readonly PlannedRun[];
  readonly outages: readonly Outage[];
  readonly deaths: readonly RunnerDeath[];
}

/** As much more work arrives at a time as there is for it to be done in: there is a queue. */
const OVERLOAD = 1.25;
const MOST_JOBS_OF_A_RUN = 20;
export const LONGEST_JOB_MS = 900_000;

/** What happens in a simulation. The same for the same lots. */
export function planWorkload(
  random: Random,
  size: { readonly members: number; readonly jobs: number },
): Workload {
  const members = new Map<string, number>();
  for (let at = 1; at <= size.members; at++) members.set(`m${at}`, random.one([4, 8, 8, 16]));
  const cores = [...members.values()].reduce((sum, one) => sum + one, 0);
  const runners = Math.max(2, Math.round(size.members / 5));
  const drawn: PlannedJob[][] = [];
  for (let left = size.jobs; left > 0; left -= drawn.at(-1)?.length ?? 0)
    drawn.push(jobsOf(random, Math.min(left, random.whole(1, MOST_JOBS_OF_A_RUN + 1))));
  const work = drawn.flat().reduce((sum, job) => sum + job.cores * job.durationMs, 0);
  const windowMs = work / cores / OVERLOAD;
  const revisions = new Map<number, number>();
  const arrivals = drawn.map(() => random.between(0, windowMs)).sort((one, other) => one - other);
  const runs = drawn.map((jobs, at) => {
    const repository = random.whole(0, Math.max(2, Math.round(size.members / 2)));
    // Every other run is of a new commit.
    const revision = (revisions.get(repository) ?? 0) + (random.chance(0.5) ? 1 : 0);
    revisions.set(repository, revision);
    const workspace = `/src/repository-${repository}-${revision}`;
    return {
      id: `run-${at}`,
      arrivesMs: arrivals[at] ?? 0,
      runner: random.whole(0, runners),
      workspace,
      jobs,
    };
  });
  const names = [...members.keys()];
  const outages = Array.from({ length: Math.max(1, Math.round(size.members / 10)) }, (_, at) => {
    const fromMs = random.between(windowMs * 0.1, windowMs * 0.8);
    // None twice: one that is down does not go down.
    return {
      member: names[names.length - 1 - at] ?? 'm2',
      fromMs,
      untilMs: fromMs + random.between(60_000, 600_000),
    };
  });
  const deaths = Array.from({ length: runners }, (_, runner) => {
    const atMs = random.between(0, windowMs);
    return { runner, atMs, backMs: atMs + random.between(5_000, 60_000) };
  });
  return { members, runners, runs, outages, deaths };
}

function jobsOf(random: Random, count: number): PlannedJob[] {
  return Array.from({ length: count }, (_, at) => ({
    id: `j${at}`,
    cores: random.one([1, 1, 1, 2, 2, 4]),
    // Most are short, and some are not.
    durationMs: Math.round(Math.min(LONGEST_JOB_MS, 10_000 - 120_000 * Math.log(1 - random.between(0, 1)))),
    exitCode: random.chance(0.05) ? 7 : 0,
  }));
}
