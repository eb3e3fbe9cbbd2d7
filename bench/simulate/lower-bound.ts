import type { PlannedRun, Workload } from './workload.js';

/** The work that a cluster can have done by each moment, in core-milliseconds: members that are down do none. */
class Capacity {
  /** From each moment on, that many cores; in the order of time. */
  readonly #steps: { readonly fromMs: number; readonly cores: number; readonly before: number }[] = [];

  constructor({ members, outages }: Workload) {
    const changes = outages.flatMap(({ member, fromMs, untilMs }) => {
      const cores = members.get(member) ?? 0;
      return [
        { atMs: fromMs, cores: -cores },
        { atMs: untilMs, cores },
      ];
    });
    let cores = [...members.values()].reduce((sum, one) => sum + one, 0);
    let [atMs, before] = [0, 0];
    this.#steps.push({ fromMs: 0, cores, before });
    for (const change of changes.sort((one, other) => one.atMs - other.atMs)) {
      before += cores * (change.atMs - atMs);
      cores += change.cores;
      atMs = change.atMs;
      this.#steps.push({ fromMs: atMs, cores, before });
    }
  }

  doneBy(ms: number): number {
    const step = this.#steps.findLast(({ fromMs }) => fromMs <= ms);
    return step === undefined ? 0 : step.before + step.cores * (ms - step.fromMs);
  }

  /** When so much can have been done. */
  whenDone(work: number): number {
    const step = this.#steps.findLast(({ before }) => before <= work);
    return step === undefined ? 0 : step.fromMs + (work - step.before) / step.cores;
  }
}

const workOf = ({ jobs }: PlannedRun) => jobs.reduce((sum, job) => sum + job.cores * job.durationMs, 0);

/** No cluster of these members ends the work before: all its cores are busy from each moment on, and no job takes less than its time. */
export function lowerBoundMs(workload: Workload): number {
  const capacity = new Capacity(workload);
  let [bound, after] = [0, 0];
  for (const run of [...workload.runs].reverse()) {
    after += workOf(run);
    const longest = Math.max(...run.jobs.map(({ durationMs }) => durationMs));
    const allDone = capacity.whenDone(capacity.doneBy(run.arrivesMs) + after);
    bound = Math.max(bound, run.arrivesMs + longest, allDone);
  }
  return bound;
}

/** How long after its arrival each run would have ended if the cluster were one machine that does the work in the order in which it comes, by its id. */
export function fairEndMs(workload: Workload): ReadonlyMap<string, number> {
  const capacity = new Capacity(workload);
  let done = 0;
  return new Map(
    workload.runs.map((run) => {
      done = Math.max(done, capacity.doneBy(run.arrivesMs)) + workOf(run);
      return [run.id, capacity.whenDone(done) - run.arrivesMs];
    }),
  );
}
