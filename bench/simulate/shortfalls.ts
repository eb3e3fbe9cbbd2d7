import type { SimulationReport } from './simulate.js';

/** What runners and fakes took together, for each job. */
export interface Cost {
  readonly cpuMs: number;
  readonly heapBytes: number;
}

const MAKESPAN = 1.15;
/** So much more a job may cost among four times as many. */
const GROWTH = 1.5;

/** What a simulation should have shown and has not, each as a line; none where all bounds are met. */
export function shortfalls({
  report,
  cost,
  quarter,
}: {
  readonly report: SimulationReport;
  readonly cost: Cost;
  readonly quarter: Cost;
}): readonly string[] {
  const { makespanSecs, lowerBoundSecs, atSnapshot, blindly } = report;
  const ratio = makespanSecs / lowerBoundSecs;
  const percent = (share: number) => `${(share * 100).toFixed(1)} %`;
  const [cpu, heap] = [cost.cpuMs / quarter.cpuMs, cost.heapBytes / quarter.heapBytes];
  return [
    ...report.wrong,
    ...report.starved,
    ...(ratio > MAKESPAN
      ? [`the makespan is ${ratio.toFixed(3)} x its lower bound, of ${MAKESPAN} at most`]
      : []),
    ...(atSnapshot < blindly
      ? [
          `${percent(atSnapshot)} of the jobs were placed where their snapshot is; without looking it would be ${percent(blindly)}`,
        ]
      : []),
    ...(cpu > GROWTH
      ? [`a job takes ${cpu.toFixed(2)} x the time that it takes among a quarter of the jobs`]
      : []),
    ...(heap > GROWTH
      ? [`a job takes ${heap.toFixed(2)} x the memory that it takes among a quarter of the jobs`]
      : []),
  ];
}
