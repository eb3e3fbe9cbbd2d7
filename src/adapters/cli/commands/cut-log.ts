import { isFinal } from '../../../domain/events/run-status.js';
import { isLogCut } from '../../../domain/job/log-cut.js';
import type { JobLogMetadata, RunLogsMetadata } from '../../../domain/records/logs-metadata.js';
import type { LogWriter } from '../output/log-writer.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { endLineOf } from './log-output.js';

export interface CutLog {
  /** Where the kept log ends, in bytes. */
  readonly kept: number;
  /** What is said of it: pikaci's own words, and no part of the log. */
  readonly text: string;
}

interface LogOfRun {
  readonly stateRoot: string;
  readonly runId: string;
}

/** Of a job whose log was cut at its cap; null where all is kept that the guest wrote, or the job has not ended. */
export async function cutLogOf(
  { input, interrupts }: CliContext,
  { stateRoot, runId, job }: LogOfRun & { readonly job: string },
): Promise<CutLog | null> {
  const record = await input.runState.loadJob(stateRoot, runId, job, { signal: interrupts.signal });
  const outcome = record.isOk() ? record.value.outcome : null;
  if (outcome === null || !isLogCut(outcome)) return null;
  const { kept_log_bytes: kept, log_bytes: written } = outcome;
  return { kept, text: cutText({ who: `job ${job}`, written, kept }) };
}

/** Says of each log of a run that it was cut, once, where it was cut. */
export class CutLogs {
  readonly #told = new Set<string>();

  constructor(
    private readonly context: CliContext,
    private readonly run: LogOfRun,
    private readonly say: (name: string, cut: CutLog) => void,
  ) {}

  /** To be called when all of a log is shown that was there when `logs` was loaded. */
  async sayBehind(
    { job, kind, name }: { readonly job: string; readonly kind: 'host' | 'guest'; readonly name: string },
    { jobs }: RunLogsMetadata,
  ): Promise<void> {
    const log = jobs.find(({ id }) => id === job);
    if (kind !== 'guest' || log === undefined || this.#told.has(job)) return;
    const cut = await cutSoFar(this.context, this.run, log);
    if (cut === null) return;
    this.#told.add(job);
    this.say(name, cut);
  }
}

/** Also of a job that goes on: its log may be at its cap already. */
async function cutSoFar(
  context: CliContext,
  run: LogOfRun,
  { id, status, guest_log_cut: isCut, guest_log_bytes: kept }: JobLogMetadata,
): Promise<CutLog | null> {
  const ended = isFinal(status) ? await cutLogOf(context, { ...run, job: id }) : null;
  if (ended !== null || isCut !== true || kept === null) return ended;
  return { kept, text: `of what job ${id} writes, the first ${kept} bytes are kept (maxLogBytes)` };
}

export function cutText(cut: {
  readonly who: string;
  readonly written: number;
  readonly kept: number;
}): string {
  return `of the ${cut.written} bytes that ${cut.who} wrote, ${cut.kept} are kept (maxLogBytes)`;
}

/** Says where a log was cut, below what `output` has shown of it. */
export function sayCut(context: CliContext, cut: CutLog, output?: Pick<LogWriter, 'breakLine'>): void {
  if (output !== undefined) endLineOf(output, context);
  complain(context, cutHere(cut));
}

export function cutHere({ text }: CutLog): string {
  return `the log is cut here: ${text}`;
}
