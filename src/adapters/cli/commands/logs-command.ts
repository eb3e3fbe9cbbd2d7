import type { RunLogsMetadata } from '../../../domain/logs-metadata.js';
import { isFinal } from '../../../domain/run-status.js';
import { type CliContext, complain } from '../cli-context.js';
import { EXIT } from '../exit-code.js';
import { LogWriter } from '../output/log-writer.js';
import { complainOfState, printJson, type StateOptions, stateRootOrComplain } from './state-root.js';

export interface LogsOptions extends StateOptions {
  readonly job?: string;
  readonly kind: 'host' | 'guest' | 'both';
  readonly follow?: boolean;
  readonly metadataJson?: boolean;
}

/** How often a run that goes on is looked at. */
const LOOK_MS = 250;

/** `pikaci logs`: of one job the bytes as they are, of several whole lines led by the job's id. */
export async function logsCommand(context: CliContext, runId: string, options: LogsOptions): Promise<number> {
  const stateRoot = await stateRootOrComplain(context, options);
  if (stateRoot === null) return EXIT.usage;
  const { signal } = context.interrupts;
  const load = () => context.input.runState.loadLogsMetadata(stateRoot, runId, { signal });
  const metadata = await load();
  if (metadata.isErr()) return complainOfState(context, metadata.error);
  if (options.metadataJson === true) {
    printJson(context, metadata.value);
    return EXIT.passed;
  }
  const jobs = metadata.value.jobs
    .map(({ id }) => id)
    .filter((id) => options.job === undefined || id === options.job);
  if (jobs.length === 0) {
    const known = metadata.value.jobs.map(({ id }) => id).join(', ') || 'none';
    complain(context, `run ${runId} has no job ${options.job ?? ''}; it has ${known}`);
    return EXIT.usage;
  }
  const copy = new LogCopy(context, { stateRoot, runId, jobs, kind: options.kind });
  // Whether all has ended is asked before the files are read: what was written until then is not missed.
  for (let now: RunLogsMetadata = metadata.value; ; ) {
    const done = options.follow !== true || ended(now, jobs);
    const read = await copy.readOn();
    if (read !== null) return read;
    if (done) break;
    if ((await context.input.clock.sleep(LOOK_MS, signal)) === 'aborted') return EXIT.cancelled;
    const again = await load();
    if (again.isErr()) return complainOfState(context, again.error);
    now = again.value;
  }
  copy.end();
  return EXIT.passed;
}

function ended({ jobs }: RunLogsMetadata, chosen: readonly string[]): boolean {
  return jobs.every(({ id, status }) => !chosen.includes(id) || isFinal(status));
}

interface CopyInput {
  readonly stateRoot: string;
  readonly runId: string;
  readonly jobs: readonly string[];
  readonly kind: LogsOptions['kind'];
}

/** Writes what logs have had since it last looked. */
class LogCopy {
  readonly #context: CliContext;
  readonly #input: CopyInput;
  readonly #writer: LogWriter;
  readonly #logs: {
    readonly job: string;
    readonly kind: 'host' | 'guest';
    readonly name: string;
    offset: number;
  }[];

  constructor(context: CliContext, input: CopyInput) {
    this.#context = context;
    this.#input = input;
    const kinds = input.kind === 'both' ? (['host', 'guest'] as const) : [input.kind];
    this.#logs = input.jobs.flatMap((job) =>
      kinds.map((kind) => ({ job, kind, name: kinds.length > 1 ? `${job} ${kind}` : job, offset: 0 })),
    );
    this.#writer = new LogWriter(context.stdout, { prefixed: this.#logs.length > 1 });
  }

  /** An exit status when it cannot go on, else null. */
  async readOn(): Promise<number | null> {
    const { stdout, interrupts, input } = this.#context;
    const { stateRoot, runId } = this.#input;
    const { signal } = interrupts;
    for (const log of this.#logs) {
      for (;;) {
        const { job, kind, offset } = log;
        const part = await input.runState.readLog(stateRoot, runId, { job, kind, offset, signal });
        if (part.isErr()) return complainOfState(this.#context, part.error);
        if (part.value.data.length === 0) break;
        this.#writer.write(log.name, part.value.data);
        log.offset += part.value.data.length;
        await stdout.drained();
        if (signal.aborted) return EXIT.cancelled;
      }
    }
    return null;
  }

  end(): void {
    this.#writer.endAll();
  }
}
