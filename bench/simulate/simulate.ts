import { Random } from '../../test/support/chaos/random.js';
import { fairEndMs, lowerBoundMs } from './lower-bound.js';
import { seededChance } from './seeded-chance.js';
import { type Execution, SimulatedCluster } from './simulated-cluster.js';
import { SimulatedRunner } from './simulated-runner.js';
import { VirtualClock } from './virtual-clock.js';
import { LONGEST_JOB_MS, planWorkload, type Workload } from './workload.js';

export interface SimulationSize {
  readonly members: number;
  readonly jobs: number;
  readonly seed: number;
}

/** What a simulation has shown. Times are seconds of the simulation. */
export interface SimulationReport {
  readonly runs: number;
  readonly runners: number;
  readonly outages: number;
  /** Commands that ran: more than jobs where members died under some. */
  readonly executions: number;
  readonly makespanSecs: number;
  readonly lowerBoundSecs: number;
  readonly medianWaitSecs: number;
  readonly longestWaitSecs: number;
  readonly starved: readonly string[];
  /** Of all jobs, those that were placed where their snapshot was, and those that would have been without looking. */
  readonly atSnapshot: number;
  readonly blindly: number;
  /** Jobs that ended as failed, without a result: their runner was killed, and their member was down when the next runner went on with them. */
  readonly unreached: readonly string[];
  /** Results that are not as they should be, and what is left. */
  readonly wrong: readonly string[];
}

/** So long after the last job what dead runners have left is nobody's any more. */
const LATER_MS = 2 * 3600_000;

/** The services of the application over a cluster of fakes, in time that goes on when all wait. The same for the same size and seed. */
export async function simulate(
  { members, jobs, seed }: SimulationSize,
  onProgress: (runsEnded: number, runs: number) => void = () => {},
): Promise<SimulationReport> {
  const random = new Random(seed);
  const workload = planWorkload(random, { members, jobs });
  using _ = seededChance(random);
  const clock = new VirtualClock();
  const cluster = new SimulatedCluster(clock, workload);
  const wrong: string[] = [];
  const unreached: string[] = [];
  const told = {
    placed: (run: { readonly id: string; readonly workspace: string }, job: string, member: string) =>
      cluster.placed(`${run.id}/${job}`, run.workspace, member),
    unreached: (job: string) => void unreached.push(job),
    wrong: (what: string) => void wrong.push(what),
  };
  const runners: SimulatedRunner[] = [];
  for (let number = 0; number < workload.runners; number++) {
    const runner = new SimulatedRunner(number, cluster, clock, told);
    await runner.ready();
    runners.push(runner);
  }
  for (const run of workload.runs) await cluster.addRun(run);
  let ended = 0;
  const at = async (ms: number, act: () => unknown) => {
    await clock.sleep(ms - clock.monotonic());
    return await act();
  };
  const events = [
    ...workload.runs.map((run) =>
      at(run.arrivesMs, async () => {
        await runners[run.runner]?.run(run);
        ended += 1;
        onProgress(ended, workload.runs.length);
      }),
    ),
    ...workload.outages.flatMap(({ member, fromMs, untilMs }) => [
      at(fromMs, () => cluster.fail(member)),
      at(untilMs, () => cluster.restore(member)),
    ]),
    ...workload.deaths.flatMap(({ runner, atMs, backMs }) => [
      at(atMs, () => runners[runner]?.kill()),
      at(backMs, () => runners[runner]?.restart()),
    ]),
  ];
  await clock.during(Promise.all(events));
  await clock.during(at(clock.monotonic() + LATER_MS, async () => await runners[0]?.reap()));
  wrong.push(...(await cluster.leftovers()));
  return { ...reportOf(workload, cluster, wrong), unreached };
}

function reportOf(
  workload: Workload,
  cluster: SimulatedCluster,
  wrong: readonly string[],
): Omit<SimulationReport, 'unreached'> {
  const executions = [...cluster.executions.values()].flat();
  const fair = fairEndMs(workload);
  const waits: number[] = [];
  const starved: string[] = [];
  for (const { id, arrivesMs, jobs } of workload.runs)
    for (const job of jobs) {
      const [first] = cluster.executions.get(`${id}/${job.id}`) ?? [];
      const waitMs = (first?.fromMs ?? Number.POSITIVE_INFINITY) - arrivesMs;
      waits.push(waitMs);
      const boundMs = 2 * (fair.get(id) ?? 0) + LONGEST_JOB_MS;
      if (waitMs > boundMs)
        starved.push(`${id}/${job.id} has waited for ${secs(waitMs)} s, of ${secs(boundMs)} s at most`);
    }
  waits.sort((one, other) => one - other);
  const { all, atSnapshot, blindly } = cluster.placements;
  return {
    runs: workload.runs.length,
    runners: workload.runners,
    outages: workload.outages.length,
    executions: executions.length,
    makespanSecs: secs(lastEnd(executions)),
    lowerBoundSecs: secs(lowerBoundMs(workload)),
    medianWaitSecs: secs(waits[waits.length >> 1] ?? 0),
    longestWaitSecs: secs(waits.at(-1) ?? 0),
    starved,
    atSnapshot: atSnapshot / all,
    blindly: blindly / all,
    wrong,
  };
}

function lastEnd(executions: readonly Execution[]): number {
  return executions.reduce((last, { untilMs }) => Math.max(last, untilMs ?? 0), 0);
}

const secs = (ms: number) => Math.round(ms / 100) / 10;
