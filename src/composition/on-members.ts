import { err, ok, type Result } from 'neverthrow';
import type { ReapOptions } from '../application/api/pikaci.js';
import type { JobFault } from '../application/faults/job-fault.js';
import type { ReapReport } from '../application/gc/reap-report.js';
import { loadJobRecord } from '../application/job/job-record-file.js';
import { jobStateLayout } from '../domain/records/run-layout.js';
import { jobIdSchema, runIdSchema } from '../domain/values/identifier.js';
import type { Services } from './wire-services.js';

/** What works on the member of the cluster that a recorded job is on; that of the host where there is no such record. */
export async function servicesOfJob(
  services: Services,
  { runId, jobId }: { readonly runId: string; readonly jobId: string },
  signal = new AbortController().signal,
): Promise<Result<Services, JobFault>> {
  const { members, ports, settings } = services;
  if (members === null) return ok(services);
  if (!runIdSchema.safeParse(runId).success || !jobIdSchema.safeParse(jobId).success) return ok(services);
  const record = await loadJobRecord(ports.localFiles, jobStateLayout(settings.stateRoot, runId, jobId));
  if (record.isErr()) return ok(services);
  const { outcome, incus_member: name } = record.value;
  // What has ended can be told without its member.
  if (outcome !== null && outcome.status !== 'detached') return ok(services);
  return (await members.named(name, signal)).map((there) => there ?? services);
}

/** Takes up each job on the member that it is on. */
export function attacherOf(services: Services): Pick<Services['attachJob'], 'attach'> {
  return {
    attach: async (runId, jobId, options) => {
      const there = await servicesOfJob(services, { runId, jobId }, options.signal);
      return there.isErr() ? err(there.error) : await there.value.attachJob.attach(runId, jobId, options);
    },
  };
}

/** What the host's reaper has done, and what those of the other members do. A member that cannot be reached is named among what failed. */
export async function reapOnAll(
  { members }: Services,
  own: Result<ReapReport, JobFault>,
  options: ReapOptions,
): Promise<Result<ReapReport, JobFault>> {
  if (members === null || own.isErr()) return own;
  const signal = options.signal ?? new AbortController().signal;
  const looked = await members.look(signal);
  if (looked.isErr()) {
    // What was done on the host is told all the same.
    const failed = { instance: 'the machines of the other members', message: looked.error.message };
    return ok({ ...own.value, failed: [...own.value.failed, failed] });
  }
  if (looked.value === null) return own;
  const others = looked.value.members.filter(({ name }) => name !== looked.value?.own);
  const reports = await Promise.all(
    others.map(async (member) => {
      const there = await members.on(member, signal);
      const report = there.isErr() ? err(there.error) : await there.value.reap.reap(options);
      return { name: member.name, report };
    }),
  );
  let all = own.value;
  for (const { name, report } of reports) {
    if (report.isErr()) {
      const failed = { instance: `the machines of the member ${name}`, message: report.error.message };
      all = { ...all, failed: [...all.failed, failed] };
      continue;
    }
    const { deleted, alive, failed, abandoned } = report.value;
    all = {
      ...all,
      deleted: [...all.deleted, ...deleted],
      alive: [...all.alive, ...alive],
      failed: [...all.failed, ...failed],
      abandoned: [...all.abandoned, ...abandoned.map((path) => `${name}:${path}`)],
    };
  }
  return ok(all);
}
