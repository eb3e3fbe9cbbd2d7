import type { ServiceSpec } from '../../domain/machine/service-spec.js';
import { type JobStateLayout, serviceStateLayout } from '../../domain/records/run-layout.js';
import { sha256Hex } from '../../domain/values/content-hash.js';
import { Journal } from '../events/journal.js';
import type { Machine } from '../machine/machine-backend.js';
import type { MachinePlace, MachineSpec } from '../machine/machine-spec.js';
import type { ServedJob, ServiceParts } from './service-parts.js';

/** A machine beside that of a job. */
export interface ServiceMachine {
  readonly name: string;
  readonly machine: Machine;
  /** What it does is told in a log of its own, not among the job's. */
  readonly journal: Journal;
}

/** What the names of its machine and of its directory on the host are made of: an id as a job's, and no job's. */
export function serviceMachineId(jobId: string, name: string): string {
  return `${jobId.slice(0, 32)}.${name.slice(0, 20)}.${sha256Hex(`${jobId}:${name}`).slice(0, 8)}`;
}

/** It stays when it stops: of one that has powered itself off there is still to be read why. */
export function servicePlace(
  { runId, machineId }: ServedJob,
  { name, image }: Pick<ServiceSpec, 'name' | 'image'>,
): Omit<MachinePlace, 'acquisition'> {
  const alias = image === undefined ? {} : { incusImageAlias: image };
  return { runId, jobId: serviceMachineId(machineId, name), isKept: true, ...alias };
}

export function machineSpecOf({ limits }: Pick<ServiceSpec, 'limits'>): MachineSpec {
  return {
    limits,
    instanceType: 'container',
    extraProfiles: [],
    preparedOutputs: [],
    writableWorkspace: false,
  };
}

/** Whose services they are. */
export interface OfJob {
  readonly runId: string;
  readonly jobId: string;
  readonly state: Pick<JobStateLayout, 'jobDir'>;
  /** That of its record; the configured one when null. */
  readonly incusProject: string | null;
  /** Masked in what is told. */
  readonly secrets: readonly string[];
}

export function ofJob(
  { runId, job, state, secretValues: secrets }: ServedJob,
  incusProject: string | null = null,
): OfJob {
  return { runId, jobId: job.id, state, secrets, incusProject };
}

export function serviceJournal(
  { ports }: Pick<ServiceParts, 'ports'>,
  { runId, jobId, state, secrets }: Omit<OfJob, 'incusProject'>,
  name: string,
): Journal {
  return new Journal({
    runId,
    jobId: serviceMachineId(jobId, name),
    hostLog: serviceStateLayout(state, name).hostLog,
    secrets,
    localFiles: ports.localFiles,
    clock: ports.clock,
    events: undefined,
  });
}
