import { describe, expect, it } from 'vitest';
import { fairEndMs, lowerBoundMs } from '../../../bench/simulate/lower-bound.js';
import { shortfalls } from '../../../bench/simulate/shortfalls.js';
import { simulate } from '../../../bench/simulate/simulate.js';
import type { Workload } from '../../../bench/simulate/workload.js';

const SMALL = { members: 3, jobs: 30, seed: 3 };

describe('a simulated cluster', () => {
  it('ends all jobs as they should, however members and runners fail, and says the same again for the same seed', async () => {
    const report = await simulate(SMALL);
    expect(report.wrong).toEqual([]);
    expect(report.starved).toEqual([]);
    expect(report.outages).toBe(1);
    expect(report.executions).toBeGreaterThanOrEqual(SMALL.jobs);
    expect(report.makespanSecs).toBeGreaterThanOrEqual(report.lowerBoundSecs);
    // Of so few jobs the last ones leave most members idle.
    expect(report.makespanSecs / report.lowerBoundSecs).toBeLessThan(1.6);
    expect(await simulate(SMALL)).toEqual(report);
  });

  it('is measured against what no cluster of these members can do', () => {
    const jobs = (count: number, durationMs: number) =>
      Array.from({ length: count }, (_, at) => ({ id: `j${at}`, cores: 2, durationMs, exitCode: 0 }));
    const run = (id: string, arrivesMs: number, of: ReturnType<typeof jobs>) => ({
      ...{ id, arrivesMs, jobs: of },
      runner: 0,
      workspace: '/w',
    });
    const members = new Map([
      ['m1', 2],
      ['m2', 2],
    ]);
    const workload: Workload = { members, runners: 1, runs: [], outages: [], deaths: [] };
    const bound = (more: Partial<Workload>) => lowerBoundMs({ ...workload, ...more });
    expect(bound({ runs: [run('a', 1000, jobs(4, 100))] })).toBe(1200);
    expect(bound({ runs: [run('a', 1000, jobs(1, 500))] })).toBe(1500);
    const outages = [{ member: 'm2', fromMs: 1000, untilMs: 1100 }];
    expect(bound({ runs: [run('a', 1000, jobs(4, 100))], outages })).toBe(1250);
    const runs = [run('a', 0, jobs(4, 100)), run('b', 100, jobs(2, 100))];
    expect(fairEndMs({ ...workload, runs })).toEqual(
      new Map([
        ['a', 200],
        ['b', 200],
      ]),
    );
  });

  it('says what was not met', () => {
    const report = {
      ...{ runs: 1, runners: 1, outages: 0, executions: 1, medianWaitSecs: 0, longestWaitSecs: 0 },
      ...{
        makespanSecs: 116,
        lowerBoundSecs: 100,
        starved: ['a/j has waited'],
        unreached: [],
        wrong: ['a/j is lost'],
      },
      ...{ atSnapshot: 0.2, blindly: 0.3 },
    };
    const [cost, quarter] = [
      { cpuMs: 20, heapBytes: 100 },
      { cpuMs: 10, heapBytes: 50 },
    ];
    expect(shortfalls({ report, cost, quarter })).toEqual([
      'a/j is lost',
      'a/j has waited',
      'the makespan is 1.160 x its lower bound, of 1.15 at most',
      '20.0 % of the jobs were placed where their snapshot is; without looking it would be 30.0 %',
      'a job takes 2.00 x the time that it takes among a quarter of the jobs',
      'a job takes 2.00 x the memory that it takes among a quarter of the jobs',
    ]);
    const fine = { ...report, makespanSecs: 115, starved: [], wrong: [], atSnapshot: 0.3 };
    expect(shortfalls({ report: fine, cost, quarter: cost })).toEqual([]);
  });
});
