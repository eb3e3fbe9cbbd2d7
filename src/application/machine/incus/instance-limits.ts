import type { JobSpec } from '../../../domain/job/job-spec.js';
import { BUILT_IN_LIMITS, type MachineLimits } from '../../../domain/machine/machine-limits.js';
import type { IncusConfig, IncusProfile } from '../../../ports/incus-types.js';

type Spec = Pick<JobSpec, 'limits' | 'instanceType'>;

/**
 * What the machine is bounded by beside its profiles: what the job says, else what the configuration says. Where not even a profile says
 * anything a container has the built-in limits; a virtual machine has the memory that Incus gives it.
 */
export function machineLimits(
  { limits, instanceType }: Spec,
  configured: MachineLimits,
  profiles: readonly IncusProfile[],
): MachineLimits {
  const given: MachineLimits = {
    cpu: limits.cpu ?? configured.cpu,
    memory: limits.memory ?? configured.memory,
    processes: limits.processes ?? configured.processes,
    disk: limits.disk ?? configured.disk,
  };
  if (instanceType !== 'container') return given;
  const isFree = (name: keyof typeof BUILT_IN_LIMITS) =>
    given[name] === undefined && !profiles.some(({ config }) => (config[`limits.${name}`] ?? '') !== '');
  return {
    ...given,
    ...(isFree('memory') ? { memory: BUILT_IN_LIMITS.memory } : {}),
    ...(isFree('processes') ? { processes: BUILT_IN_LIMITS.processes } : {}),
  };
}

/** Limits as instance options, and what keeps a hostile guest from asking the daemon anything. The disk's limit is a device. */
export function instanceConfig(instanceType: Spec['instanceType'], limits: MachineLimits): IncusConfig {
  const { cpu, memory, processes } = limits;
  return {
    'security.guestapi': 'false',
    'boot.autostart': 'false',
    ...(cpu === undefined ? {} : { 'limits.cpu': String(cpu) }),
    ...(memory === undefined ? {} : { 'limits.memory': memory }),
    ...(processes === undefined || instanceType !== 'container'
      ? {}
      : { 'limits.processes': String(processes) }),
  };
}
