import 'reflect-metadata';
import { Container } from 'inversify';
import { HostMember } from '../application/cluster/host-member.js';
import { incusOfMember } from '../application/cluster/incus-of-member.js';
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
>;

/** What the library's interface calls. */
export type Services = Pick<
  Bound,
  | 'settings'
  | 'ports'
  | 'backends'
  | 'runJob'
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
>;

/** Joins the services. Does no I/O. */
export function wireServices(parts: ServiceParts): Services {
  const container = new Container();
  const { shell, settings } = parts;
  const { member: configured = null, isOwnDaemon = true } = settings.cluster ?? {};
  const member = new HostMember({ incus: parts.incus, shell, configured, isOwnDaemon });
  const bound: ServiceParts = { ...parts, incus: incusOfMember(parts.incus, member) };
  for (const name of Object.keys(bound) as (keyof ServiceParts)[])
    container.bind<unknown>(ids[name]).toConstantValue(bound[name]);
  bindServices(container);
  return {
    settings: parts.settings,
    ports: container.get(ids.ports),
    backends: container.get(ids.backends),
    runJob: container.get(ids.runJob),
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
  };
}
