import type { PikaciEvent } from '../../../domain/events/event.js';
import type { RunEvent } from '../../../domain/events/run-event.js';
import type { RunFinished } from '../../../domain/events/run-finished.js';
import type { Clock } from '../../../ports/clock.js';
import { escapeMessage } from './escape-control.js';
import { faultLines } from './fault-text.js';
import { jsonText } from './json-text.js';
import { LogDecoder } from './log-decoder.js';
import { pasteable } from './pasteable.js';
import { jobSummary, type RunEnd, wireFault } from './run-end.js';
import type { RunStart, RunView } from './run-view.js';
import type { StreamOutput } from './stream-output.js';

export interface MachineOutputs {
  readonly stdout: StreamOutput;
  readonly stderr: StreamOutput;
  /** See `pasteable`. */
  readonly where: string;
  readonly clock: Clock;
}

/** `--output jsonl`: one event a line on standard output as `wireEventSchema` has it, then `run_finished`; people's words on standard error. */
export class JsonlView implements RunView {
  readonly #outputs: MachineOutputs;
  readonly #decoder = new LogDecoder();
  #runId = '';
  #ended = false;

  constructor(outputs: MachineOutputs) {
    this.#outputs = outputs;
  }

  started(start: RunStart): void {
    this.#runId = start.runId;
    this.notice(`run ${start.runId} on ${start.host}`);
  }

  emit(event: PikaciEvent): void {
    if (this.#ended) return;
    if (event.type === 'log_bytes') {
      this.#log(event.run_id, event.job_id, this.#decoder.decode(event.job_id, event.data));
      return;
    }
    if (event.type === 'job_finished' || event.type === 'log_cut') this.#endLog(event.job_id);
    this.#line(event);
  }

  emitRun(event: RunEvent): void {
    if (!this.#ended) this.#line(event);
  }

  drained(): Promise<void> {
    return this.#outputs.stdout.drained();
  }

  notice(text: string): void {
    const { stderr, where } = this.#outputs;
    if (!this.#ended) stderr.write(`pikaci: ${pasteable(escapeMessage(text), where)}\n`);
  }

  close(): void {}

  finished(end: RunEnd): void {
    if (this.#ended) return;
    for (const jobId of this.#decoder.openJobs) this.#endLog(jobId);
    for (const { nodeId, fault } of end.prepares ?? [])
      this.notice(`${nodeId} could not be prepared: ${faultLines(fault).join('\n')}`);
    for (const job of end.jobs) {
      if (job.kind === 'faulted') this.notice(`job ${job.jobId}: ${faultLines(job.fault).join('\n')}`);
    }
    const dropped = this.#outputs.stdout.droppedBytes;
    if (dropped > 0) this.notice(`the reader stalled: ${dropped} bytes of log events were left out`);
    const last: RunFinished = {
      type: 'run_finished',
      schema_version: 1,
      at: end.finishedAt,
      run_id: end.runId,
      exit_code: end.exitCode,
      jobs: end.jobs.map(jobSummary),
      prepare_faults: (end.prepares ?? []).map(({ nodeId, fault, allowed }) => ({
        node_id: nodeId,
        ...(allowed === true ? { allow_failure: true } : {}),
        fault: wireFault(fault),
      })),
    };
    this.#line(last);
    this.#ended = true;
  }

  #endLog(jobId: string): void {
    this.#log(this.#runId, jobId, this.#decoder.end(jobId));
  }

  #log(runId: string, jobId: string, text: string): void {
    if (text === '') return;
    const at = new Date(this.#outputs.clock.now()).toISOString();
    const event = { schema_version: 1, at, run_id: runId, job_id: jobId, type: 'log', text };
    this.#outputs.stdout.offer(`${jsonText(event)}\n`);
  }

  #line(value: unknown): void {
    this.#outputs.stdout.write(`${jsonText(value)}\n`);
  }
}
