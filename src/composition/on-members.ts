import { err, ok, type Result } from 'neverthrow';
import type { ReapOptions } from '../application/api/pikaci.js';
import type { JobFault } from '../application/faults/job-fault.js';
import { bothReports } from '../application/gc/evict-templates.js';
import type { ReapReport } from '../application/gc/reap-report.js';
import { loadJobRecord } from '../application/job/job-record-file.js';
import type { KeptJob } from '../application/recover/kept-job.js';
import type { RecoverInput, RecoverReport } from '../application/recover/recover-jobs.js';
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
  const others = await otherMembers(members, options.signal);
  if (others.isErr()) {
    // What was done on the host is told all the same.
    const failed = { instance: 'the machines of the other members', message: others.error.message };
    return ok({ ...own.value, failed: [...own.value.failed, failed] });
  }
  const reports = await Promise.all(
    others.value.map(async ({ name, there }) => {
      const services = await there();
      const report = services.isErr() ? err(services.error) : await services.value.reap.reap(options);
      return { name, report };
    }),
  );
  let all = own.value;
  for (const { name, report } of reports) {
    if (report.isErr()) {
      const failed = { instance: `the machines of the member ${name}`, message: report.error.message };
      all = { ...all, failed: [...all.failed, failed] };
      continue;
    }
    const { deleted, alive, failed, keptJobs, notKept, abandoned, abandonedFailed, kept } = report.value;
    const at = (path: string) => `${name}:${path}`;
    const why = [all.abandonedFailed, abandonedFailed].flatMap((one) => one ?? []);
    all = {
      deleted: [...all.deleted, ...deleted],
      alive: [...all.alive, ...alive],
      failed: [...all.failed, ...failed],
      keptJobs: [...all.keptJobs, ...keptJobs],
      notKept: [...all.notKept, ...notKept],
      abandoned: [...all.abandoned, ...abandoned.map(at)],
      abandonedFailed: why.length === 0 ? null : why.join('; '),
      kept: bothReports(all.kept, {
        ...kept,
        evicted: kept.evicted.map((entry) => ({ ...entry, path: at(entry.path) })),
        failed: kept.failed.map((one) => ({ ...one, path: at(one.path) })),
      }),
    };
  }
  return ok(all);
}

/** What reapers have kept on the host and on each other member, the one that was kept last at the front. */
export async function keptOnAll(
  { members, recoverJobs }: Services,
  signal: AbortSignal | undefined,
): Promise<Result<readonly KeptJob[], JobFault>> {
  const own = await recoverJobs.list(signal);
  if (members === null || own.isErr()) return own;
  const others = await otherMembers(members, signal);
  if (others.isErr()) return err(others.error);
  const all = [...own.value];
  for (const { there } of others.value) {
    const services = await there();
    const listed = services.isErr() ? err(services.error) : await services.value.recoverJobs.list(signal);
    if (listed.isErr()) return err(listed.error);
    all.push(...listed.value);
  }
  const when = ({ keptAt, createdAt }: KeptJob) => keptAt ?? createdAt;
  return ok(all.sort((one, other) => (when(one) < when(other) ? 1 : -1)));
}

/** Brings back what the host and each other member have of a run. One that does not answer matters where nothing was found. */
export async function recoverOnAll(
  { members, recoverJobs }: Services,
  input: RecoverInput,
): Promise<Result<RecoverReport, JobFault>> {
  const own = await recoverJobs.recover(input);
  if (members === null || (own.isErr() && own.error.kind !== 'no_such_job')) return own;
  const others = await otherMembers(members, input.signal);
  if (others.isErr()) return own.isOk() ? own : err(others.error);
  const reports = [own];
  for (const { there } of others.value) {
    const services = await there();
    reports.push(services.isErr() ? err(services.error) : await services.value.recoverJobs.recover(input));
  }
  const found = reports.flatMap((report) => (report.isOk() ? [report.value] : []));
  if (found.length > 0)
    return ok({
      recovered: found.flatMap(({ recovered }) => recovered),
      refused: found.flatMap(({ refused }) => refused),
    });
  return reports.find((report) => report.isErr() && report.error.kind !== 'no_such_job') ?? own;
}

interface OtherMember {
  readonly name: string;
  there(): Promise<Result<Services, JobFault>>;
}

async function otherMembers(
  members: NonNullable<Services['members']>,
  signal = new AbortController().signal,
): Promise<Result<readonly OtherMember[], JobFault>> {
  const looked = await members.look(signal);
  if (looked.isErr())
    return err({ kind: 'incus', phase: null, host: looked.error.host, message: looked.error.message });
  if (looked.value === null) return ok([]);
  const { own, members: all } = looked.value;
  const others = all.filter(({ name }) => name !== own);
  return ok(others.map((member) => ({ name: member.name, there: () => members.on(member, signal) })));
}
