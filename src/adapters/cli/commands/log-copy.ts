import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { RunLogsMetadata } from '../../../domain/records/logs-metadata.js';
import type { CliContext } from '../session/cli-context.js';

export interface CopiedLogs {
  readonly stateRoot: string;
  readonly runId: string;
  readonly jobs: readonly string[];
  readonly kind: 'host' | 'guest' | 'both';
  /** One of the one job, instead of the job itself. */
  readonly service?: string | undefined;
  /** An earlier one; the last when left out. */
  readonly attempt?: number | undefined;
  /** Takes what was read; `name` tells the logs apart. */
  readonly write: (name: string, data: Uint8Array) => void;
}

export function logsOf(jobs: readonly string[], kind: CopiedLogs['kind']) {
  const kinds = kind === 'both' ? (['host', 'guest'] as const) : [kind];
  return jobs.flatMap((job) =>
    kinds.map((each) => ({ job, kind: each, name: kinds.length > 1 ? `${job} ${each}` : job })),
  );
}

/** Hands on what logs have had since it last looked. */
export class LogCopy {
  readonly #context: CliContext;
  readonly #copied: CopiedLogs;
  readonly #logs: (ReturnType<typeof logsOf>[number] & { offset: number; attempt: number })[];

  constructor(context: CliContext, copied: CopiedLogs) {
    this.#context = context;
    this.#copied = copied;
    this.#logs = logsOf(copied.jobs, copied.kind).map((log) => ({ ...log, offset: 0, attempt: 0 }));
  }

  /** Of a job that is tried again the log begins anew: what is left of the attempt before is handed on first. */
  async isAt(jobs: RunLogsMetadata['jobs']): Promise<void> {
    const { input, interrupts } = this.#context;
    const { stateRoot, runId, write, service } = this.#copied;
    const of = service === undefined ? {} : { service };
    for (const log of this.#logs) {
      const attempt = jobs.find(({ id }) => id === log.job)?.attempt ?? 1;
      // The first look begins with the attempt that is live.
      if (log.attempt === 0) log.attempt = attempt;
      for (; log.attempt < attempt; log.attempt += 1, log.offset = 0) {
        for (;;) {
          const { job, kind, offset } = log;
          const piece = { job, kind, ...of, attempt: log.attempt, offset, signal: interrupts.signal };
          const part = await input.runState.readLog(stateRoot, runId, piece);
          if (part.isErr() || part.value.data.length === 0) break;
          write(log.name, part.value.data);
          log.offset += part.value.data.length;
        }
      }
    }
  }

  /** Null when all that was there is handed on; `atEnd` is called behind each log. */
  async readOn(
    atEnd?: (log: {
      readonly job: string;
      readonly kind: 'host' | 'guest';
      readonly name: string;
    }) => Promise<void>,
  ): Promise<RunStateFault | 'interrupted' | null> {
    const { stdout, interrupts, input } = this.#context;
    const { stateRoot, runId, write, attempt, service } = this.#copied;
    const of = {
      ...(attempt === undefined ? {} : { attempt }),
      ...(service === undefined ? {} : { service }),
    };
    const { signal } = interrupts;
    for (const log of this.#logs) {
      for (;;) {
        const { job, kind, offset } = log;
        const part = await input.runState.readLog(stateRoot, runId, { job, kind, ...of, offset, signal });
        if (part.isErr()) return part.error;
        if (part.value.data.length === 0) break;
        write(log.name, part.value.data);
        log.offset += part.value.data.length;
        await stdout.drained();
        if (signal.aborted) return 'interrupted';
      }
      await atEnd?.(log);
    }
    return null;
  }
}
