import { expect, it } from 'vitest';
import { TRANSPORTS } from '../../bench/soak/options.js';
import { soak } from '../../bench/soak/soak.js';
import { benchPlace } from '../../bench/workspace.js';
import { hostOfWorker } from '../support/host-of-worker.js';

it.each(TRANSPORTS)(
  'a soak runs over %s: all jobs end as they should, and leave nothing on the host',
  async (transport) => {
    using place = benchPlace();
    const host = hostOfWorker();
    const workDir = `${host.workDir}/soak-${transport}`;
    const options = { jobs: 12, atOnce: 4, every: 6, from: 0, transport };
    const seen: number[] = [];
    const report = await soak({ ...host, workDir }, place, options, ({ jobs }) => seen.push(jobs));
    expect(report.wrong).toEqual([]);
    expect(seen).toEqual([6, 12]);
    expect(report.growth).toBeNull();
    const [first, last] = report.samples.map(({ counts }) => counts);
    expect(last).toMatchObject({ host_instances: 0, runner_abort_listeners: 0 });
    expect(last?.['host_directories']).toBe(first?.['host_directories']);
    // A daemon that runs, a supervisor's log and record of each job, a process that holds sockets.
    for (const what of [
      'incusd_descriptors',
      'state_files_per_job',
      'runner_resources',
      'runner_rss',
      'host_sshd',
    ])
      expect(last?.[what], what).toBeGreaterThan(1);
  },
);
