import type { ReapReport } from '../../../application/gc/reap-report.js';
import type { ReapDocument } from '../../../domain/records/reap-document.js';
import { escapeLine, escapeMessage } from '../output/escape-control.js';
import { faultLines } from '../output/fault-text.js';
import { count, formatBytes } from '../output/quantities.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT, exitCodeOfFault } from '../session/exit-code.js';
import { type HostOptions, loadOrComplain, withPikaci } from './with-pikaci.js';

export interface GcRemoteOptions extends HostOptions {
  readonly dryRun?: boolean;
  readonly keepDays?: number;
  readonly keepBytes?: number;
}

/** The part of `pikaci gc` that is done on the host: machines whose lease has ended, and what is kept beyond the bounds. */
export async function gcRemote(
  context: CliContext,
  options: GcRemoteOptions,
  print: (document: ReapDocument, lines: readonly string[]) => void,
): Promise<number> {
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return EXIT.usage;
  return withPikaci(context, loaded, async (pikaci) => {
    const { dryRun = false, keepDays, keepBytes } = options;
    const keep = {
      ...(keepDays === undefined ? {} : { keepDays }),
      ...(keepBytes === undefined ? {} : { keepBytes }),
    };
    const reaped = await pikaci.reap({ signal: context.interrupts.signal, dryRun, keep });
    if (reaped.isErr()) {
      complain(context, faultLines(reaped.error).join('\n'));
      return context.interrupts.signal.aborted ? EXIT.cancelled : exitCodeOfFault(reaped.error);
    }
    const document = documentOf(reaped.value, { host: pikaci.host, dryRun });
    print(document, [...machineLines(document), ...keptLines(document)]);
    const hasFailed =
      document.failed.length + document.eviction_failed.length > 0 || document.abandoned_failed !== null;
    return hasFailed ? EXIT.systemFailure : EXIT.passed;
  });
}

function documentOf(
  { deleted, alive, failed, keptJobs, notKept, abandoned, abandonedFailed, kept }: ReapReport,
  { host, dryRun }: { readonly host: string; readonly dryRun: boolean },
): ReapDocument {
  return {
    type: 'reap_report',
    schema_version: 1,
    host,
    dry_run: dryRun,
    deleted: [...deleted],
    alive: [...alive],
    failed: failed.map((one) => ({ ...one })),
    kept_jobs: keptJobs.map(({ runId, jobId }) => ({ run_id: runId, job_id: jobId })),
    not_kept: notKept.map((one) => ({ ...one })),
    abandoned: [...abandoned],
    abandoned_failed: abandonedFailed,
    evicted: kept.evicted.map(({ kind, path, bytes, lastUsedMs }) => {
      const lastUsedAt = new Date(lastUsedMs).toISOString();
      return { kind, path, bytes, last_used_at: lastUsedAt };
    }),
    freed_bytes: kept.evicted.reduce((sum, { bytes }) => sum + bytes, 0),
    kept_entries: kept.kept.entries,
    kept_bytes: kept.kept.bytes,
    eviction_failed: kept.failed.map((one) => ({ ...one })),
  };
}

function machineLines(document: ReapDocument): string[] {
  const {
    host,
    dry_run: dryRun,
    deleted,
    alive,
    failed,
    abandoned,
    abandoned_failed: abandonedFailed,
  } = document;
  const verb = dryRun ? 'would remove' : 'removed';
  return [
    ...deleted.map((name) => `${verb} ${escapeLine(name)}`),
    ...failed.map(
      ({ instance, message }) => `could not remove ${escapeLine(instance)}: ${escapeMessage(message)}`,
    ),
    ...document.kept_jobs.map(
      ({ run_id, job_id }) =>
        `kept what ${escapeLine(job_id)} of ${escapeLine(run_id)} has left: "pikaci recover ${escapeLine(run_id)}" brings it back`,
    ),
    ...document.not_kept.map(
      ({ instance, message }) =>
        `could not keep what the job in ${escapeLine(instance)} had left: ${escapeMessage(message)}`,
    ),
    ...abandoned.map((path) => `${verb} ${escapeLine(path)}, which a killed runner had left`),
    ...(abandonedFailed === null
      ? []
      : [`could not look for what killed runners have left: ${escapeMessage(abandonedFailed)}`]),
    `${escapeLine(host)}: ${count(deleted.length, 'machine')} ${dryRun ? 'would be removed' : 'removed'}, ${alive.length} in use, ${failed.length} failed`,
  ];
}

const NOUNS = {
  snapshot: 'snapshot',
  prepared_output: 'prepared output',
  template: 'template',
  cache: 'cache',
  kept_job: 'left job',
  run_records: 'records of a run',
};

function keptLines(document: ReapDocument): string[] {
  const { dry_run: dryRun, evicted, eviction_failed: failed } = document;
  const [verb, be] = dryRun ? ['would remove', 'would be removed'] : ['removed', 'removed'];
  const files = evicted.filter(({ kind }) => kind === 'snapshot' || kind === 'prepared_output');
  const freed = `${formatBytes(document.freed_bytes)} ${dryRun ? 'would be freed' : 'freed'}`;
  const kept = `${document.kept_entries} kept (${formatBytes(document.kept_bytes)})`;
  return [
    ...evicted.map(
      ({ kind, path, bytes, last_used_at: at }) =>
        `${verb} the ${NOUNS[kind]} ${escapeLine(path)} (${kind === 'template' ? '' : `${formatBytes(bytes)}, `}last used ${at})`,
    ),
    ...failed.map(({ path, message }) => `could not remove ${escapeLine(path)}: ${escapeMessage(message)}`),
    `${escapeLine(document.host)}: ${count(files.length, 'snapshot or output', 'snapshots and outputs')} ${be}, ${freed}, ${kept}, ${failed.length} failed`,
  ];
}
