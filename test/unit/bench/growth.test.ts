import { describe, expect, it } from 'vitest';
import { growth } from '../../../bench/soak/growth.js';
import { soakOptions } from '../../../bench/soak/options.js';

/** A sample after each ten jobs, up to 2000. */
const samples = (counts: (jobs: number) => Record<string, number>) =>
  Array.from({ length: 200 }, (_, at) => ({ jobs: (at + 1) * 10, counts: counts((at + 1) * 10) }));
const grown = (counts: (jobs: number) => Record<string, number>, from = 200) =>
  growth(samples(counts), from)
    ?.filter(({ grows }) => grows)
    .map(({ what }) => what);
const MiB = 1024 ** 2;

describe('what a soak calls growth', () => {
  it('is a descriptor in a hundred jobs, an instance, and 20 KiB of heap of each job', () => {
    const leaks = (jobs: number) => ({
      runner_descriptors: 20 + Math.floor(jobs / 100),
      host_instances: Math.floor(jobs / 400),
      runner_heap: 20 * MiB + jobs * 20_480 + (jobs % 30) * 40_000,
      runner_abort_listeners: jobs,
    });
    expect(grown(leaks)).toEqual([
      'runner_descriptors',
      'host_instances',
      'runner_heap',
      'runner_abort_listeners',
    ]);
  });

  it('is none of what comes and goes, of a single high sample, or of a step that is taken once', () => {
    const flat = (jobs: number) => ({
      runner_descriptors: 20 + (jobs % 40) / 10,
      host_instances: jobs === 1990 ? 3 : 0,
      runner_rss: jobs < 900 ? 100 * MiB : 160 * MiB,
      state_files_per_job: jobs % 70 === 0 ? 10.6 : 10.5,
    });
    expect(grown(flat)).toEqual([]);
  });

  it('is not looked for before the job from which nothing may grow', () => {
    const warmUp = (jobs: number) => ({ runner_heap: Math.min(jobs, 200) * MiB });
    expect(grown(warmUp, 200)).toEqual([]);
    expect(grown((jobs) => ({ runner_heap: jobs * MiB }), 1000)).toEqual(['runner_heap']);
  });

  it('is told of three samples in each third, and of no fewer', () => {
    const some = samples(() => ({ host_mounts: 3 }));
    expect(growth(some, 1930)).toBeNull();
    expect(growth(some, 1920)).toEqual([
      { what: 'host_mounts', medians: [3, 3, 3], allowed: 2, grows: false },
    ]);
  });
});

describe('the options of a soak', () => {
  const now = new Date('2026-11-27T04:00:00.000Z');
  it('have the defaults that the usage tells', () => {
    const out = 'bench/results/soak-2026-11-27T04-00-00.000Z.json';
    const defaults = { jobs: 2000, atOnce: 4, every: 10, from: 200, transport: 'ssh', out };
    expect(soakOptions([], now)).toEqual(defaults);
    const given = ['--jobs', '300', '--transport', 'command', '--out', 'x'];
    expect(soakOptions(given, now)).toEqual({ ...defaults, jobs: 300, transport: 'command', out: 'x' });
  });

  it.each([
    ['--jobs', '0'],
    ['--transport', 'smoke'],
    ['--job', '3'],
  ])('refuse %s %s', (...argv) => {
    expect(() => soakOptions(argv, now)).toThrow(argv[0] === '--job' ? "'--job'" : `${argv[0]}: `);
  });
});
