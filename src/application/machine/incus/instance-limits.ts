import type { JobSpec } from '../../../domain/job/job-spec.js';
import type { IncusConfig } from '../../../ports/incus-types.js';

/** A job's limits as instance options, and what keeps a hostile guest from asking the daemon anything. The disk's limit is a device. */
export function instanceConfig(job: Pick<JobSpec, 'limits' | 'instanceType'>): IncusConfig {
  const { cpu, memory, processes } = job.limits;
  return {
    'security.guestapi': 'false',
    'boot.autostart': 'false',
    ...(cpu === undefined ? {} : { 'limits.cpu': String(cpu) }),
    ...(memory === undefined ? {} : { 'limits.memory': memory }),
    ...(processes === undefined || job.instanceType !== 'container'
      ? {}
      : { 'limits.processes': String(processes) }),
  };
}
