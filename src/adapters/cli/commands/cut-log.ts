import { isLogCut } from '../../../domain/job/log-cut.js';
import type { LogWriter } from '../output/log-writer.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { endLineOf } from './log-output.js';

export interface CutLog {
  /** Where the kept log ends, in bytes. */
  readonly kept: number;
  /** What is said of it: pikaci's own words, and no part of the log. */
  readonly text: string;
}

/** Of a job whose log was cut at its cap; null where all is kept that the guest wrote, or the job has not ended. */
export async function cutLogOf(
  { input, interrupts }: CliContext,
  { stateRoot, runId, job }: { readonly stateRoot: string; readonly runId: string; readonly job: string },
): Promise<CutLog | null> {
  const record = await input.runState.loadJob(stateRoot, runId, job, { signal: interrupts.signal });
  const outcome = record.isOk() ? record.value.outcome : null;
  if (outcome === null || !isLogCut(outcome)) return null;
  const { kept_log_bytes: kept, log_bytes: written } = outcome;
  return { kept, text: cutText({ who: `job ${job}`, written, kept }) };
}

export function cutText(cut: {
  readonly who: string;
  readonly written: number;
  readonly kept: number;
}): string {
  return `of the ${cut.written} bytes that ${cut.who} wrote, ${cut.kept} are kept (maxLogBytes)`;
}

/** Says where a log was cut, below what `output` has shown of it. */
export function sayCut(context: CliContext, cut: CutLog, output?: LogWriter): void {
  if (output !== undefined) endLineOf(output, context);
  complain(context, `the log is cut here: ${cut.text}`);
}
