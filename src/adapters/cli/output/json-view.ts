import type { RunReport } from '../../../domain/events/run-report.js';
import { escapeMessage } from './escape-control.js';
import { faultLines } from './fault-text.js';
import { jsonText } from './json-text.js';
import type { MachineOutputs } from './jsonl-view.js';
import { pasteable } from './pasteable.js';
import { jobSummary, type RunEnd, wireFault } from './run-end.js';
import type { RunStart, RunView } from './run-view.js';

/** `--output json`: one document at the end, as `runReportSchema` has it. The log is in the file that it names. */
export class JsonView implements RunView {
  readonly #outputs: Omit<MachineOutputs, 'clock'>;
  #ended = false;

  constructor(outputs: Omit<MachineOutputs, 'clock'>) {
    this.#outputs = outputs;
  }

  started(start: RunStart): void {
    this.notice(`run ${start.runId} on ${start.host}`);
  }

  emit(): void {}

  drained(): Promise<void> {
    return Promise.resolve();
  }

  notice(text: string): void {
    const { stderr, where } = this.#outputs;
    if (!this.#ended) stderr.write(`pikaci: ${pasteable(escapeMessage(text), where)}\n`);
  }

  close(): void {}

  finished(end: RunEnd): void {
    if (this.#ended) return;
    for (const { nodeId, fault } of end.prepares ?? [])
      this.notice(`${nodeId} could not be prepared: ${faultLines(fault).join('\n')}`);
    for (const job of end.jobs) {
      if (job.kind === 'faulted') this.notice(`job ${job.jobId}: ${faultLines(job.fault).join('\n')}`);
    }
    const report: RunReport = {
      type: 'run_report',
      schema_version: 1,
      run_id: end.runId,
      host: end.host,
      target: end.target,
      started_at: end.startedAt,
      finished_at: end.finishedAt,
      exit_code: end.exitCode,
      jobs: end.jobs.map((job) => ({
        ...jobSummary(job),
        outcome: job.kind === 'ended' ? job.run.outcome : null,
      })),
      prepare_faults: (end.prepares ?? []).map(({ nodeId, fault }) => ({
        node_id: nodeId,
        fault: wireFault(fault),
      })),
    };
    this.#outputs.stdout.write(`${jsonText(report, 2)}\n`);
    this.#ended = true;
  }
}
