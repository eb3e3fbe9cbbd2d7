import 'reflect-metadata';
import { Container } from 'inversify';
import type { Result } from 'neverthrow';
import { HostMember } from '../application/cluster/host-member.js';
import { incusOfMember } from '../application/cluster/incus-of-member.js';
import { MemberDeath } from '../application/cluster/member-death.js';
import { type MemberAddress, Members } from '../application/cluster/members.js';
import type { WhyGone } from '../application/faults/host-gone.js';
import type { JobFault } from '../application/faults/job-fault.js';
import { bindServices } from './bind-services.js';
import { type Bound, ids } from './identifiers.js';

/** What the services are made from: settings and ports. */
export type ServiceParts = Pick<
  Bound,
  | 'settings'
  | 'parallelCreates'
  | 'targets'
  | 'statuses'
  | 'shell'
  | 'hostFiles'
  | 'incus'
  | 'localFiles'
  | 'logReader'
  | 'scanner'
  | 'localShell'
  | 'clock'
  | 'processes'
  | 'tracer'
  | 'placement'
>;

/** What the library's interface calls. */
export type Services = Pick<
  Bound,
  | 'settings'
  | 'ports'
  | 'backends'
  | 'runJob'
  | 'runJobHere'
  | 'jobServices'
  | 'runTarget'
  | 'targetTemplates'
  | 'hostTemplates'
  | 'hostCaches'
  | 'openMachines'
  | 'warmPool'
  | 'attachJob'
  | 'reap'
  | 'recoverJobs'
  | 'doctor'
  | 'hostTime'
> & {
  /** The other members of the cluster; null where jobs are to run on the host alone. */
  readonly members: Members<Services> | null;
};

/** What a member of the cluster has of its own. */
export type MemberParts = Pick<ServiceParts, 'shell' | 'hostFiles' | 'incus'>;

/** Connects to another member of the cluster. */
export type ReachMember = (
  member: MemberAddress,
  signal: AbortSignal,
) => Promise<Result<MemberParts, JobFault>>;

/** Joins the services. Does no I/O. `reach` is how the other members of a cluster are reached, where jobs may run on them. */
export function wireServices(
  parts: ServiceParts,
  reach: ReachMember | null = null,
  whyGone: WhyGone | null = null,
): Services {
  const container = new Container();
  const { shell, settings } = parts;
  const { member: configured = null, isOwnDaemon = true } = settings.cluster ?? {};
  const member = new HostMember({ incus: parts.incus, shell, configured, isOwnDaemon });
  const bound: ServiceParts = { ...parts, incus: incusOfMember(parts.incus, member) };
  for (const name of Object.keys(bound) as (keyof ServiceParts)[])
    container.bind<unknown>(ids[name]).toConstantValue(bound[name]);
  const members =
    reach === null
      ? null
      : new Members<Services>({
          incus: parts.incus,
          host: member,
          incusProject: settings.incusProject,
          clock: parts.clock,
          connect: async (other, signal) =>
            (await reach(other, signal)).map((there) =>
              wireServices(atMember(parts, there, other.name), null, deathOf(other.name)),
            ),
        });
  const nameOfHost = async (signal: AbortSignal) => (await member.name(signal)).unwrapOr(null);
  /** Of a member; of the host where its name is left out. */
  const deathOf = (name?: string): WhyGone => {
    const death = new MemberDeath({
      clock: parts.clock,
      name: name === undefined ? nameOfHost : async () => name,
      // The daemon of the host says nothing when the host is dead, unless it is another's.
      others: () => [
        ...(name === undefined && isOwnDaemon ? [] : [parts.incus]),
        ...(members?.reachedBut(name ?? '') ?? []).map(({ ports }) => ports.incus),
      ],
    });
    return (patienceMs, signal) => death.why(patienceMs, signal);
  };
  const ownGone = members === null ? whyGone : deathOf();
  container.bind<unknown>(ids.whyGone).toConstantValue(ownGone);
  container.bind<unknown>(ids.members).toConstantValue(members);
  bindServices(container);
  return {
    members,
    settings: parts.settings,
    ports: container.get(ids.ports),
    backends: container.get(ids.backends),
    runJob: container.get(ids.runJob),
    runJobHere: container.get(ids.runJobHere),
    jobServices: container.get(ids.jobServices),
    runTarget: container.get(ids.runTarget),
    targetTemplates: container.get(ids.targetTemplates),
    hostTemplates: container.get(ids.hostTemplates),
    hostCaches: container.get(ids.hostCaches),
    openMachines: container.get(ids.openMachines),
    warmPool: container.get(ids.warmPool),
    attachJob: container.get(ids.attachJob),
    reap: container.get(ids.reap),
    recoverJobs: container.get(ids.recoverJobs),
    doctor: container.get(ids.doctor),
    hostTime: container.get(ids.hostTime),
  };
}

/** The same settings there; the member is known. */
function atMember(parts: ServiceParts, there: MemberParts, name: string): ServiceParts {
  const cluster = { isOwnDaemon: true, members: null, group: null, member: name };
  return { ...parts, ...there, settings: { ...parts.settings, cluster } };
}
