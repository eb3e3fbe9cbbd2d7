import type { RunEvent } from '../../domain/events/run-event.js';
import type { CommitStatus } from '../../domain/report/commit-status.js';
import { statusRequest, verdictOf } from '../../domain/report/commit-status.js';
import type { ReportConfig } from '../../domain/report/report-config.js';
import { secretFrom } from '../../domain/values/secret-from.js';
import type { Clock } from '../../ports/clock.js';
import type { HttpClient } from '../../ports/http-client.js';
import { awakeTimeout } from '../../streams/awake-timer.js';

/** Before each further try; then it is given up. */
const PAUSES_MS = [1000, 4000, 10_000];
const ANSWER_MS = 15_000;
/** Behind the run's result: what has not been told by then is not told. */
const LAST_WORDS_MS = 60_000;

export interface RunStatusesParts {
  readonly http: HttpClient;
  readonly clock: Clock;
  readonly reports: readonly ReportConfig[];
  /** Where the tokens are. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

export interface RunStatusesInput {
  readonly runId: string;
  /** The filters of the target match nothing that has changed. */
  readonly isFilteredOut: boolean;
  readonly warn: (message: string) => void;
}

/** One forge, and what is to be told there. */
interface Forge {
  readonly report: ReportConfig;
  readonly token: string;
  /** The newest of each job that has not been told yet; older ones are of no use. */
  readonly waiting: Map<string, CommitStatus>;
  telling: Promise<void> | null;
}

/**
 * Tells forges how the jobs of a run stand, on the commit that is run. In the way of nothing: what cannot be told is a warning, and the
 * run's result does not wait for it.
 */
export class RunStatuses {
  readonly #parts: RunStatusesParts;
  readonly #input: RunStatusesInput;
  readonly #forges: readonly Forge[];
  readonly #over = new AbortController();
  readonly #problems: string[] = [];
  #commit: string | null = null;

  constructor(parts: RunStatusesParts, input: RunStatusesInput) {
    this.#parts = parts;
    this.#input = input;
    this.#forges = parts.reports.flatMap((report): Forge[] => {
      const token = secretFrom(report.token.env, parts.env[report.token.env]);
      if (token.isOk()) return [{ report, token: token.value, waiting: new Map(), telling: null }];
      this.#problems.push(`the states of this run are not told to ${report.url}: ${token.error}`);
      return [];
    });
  }

  /** Whether anybody is to be told anything. */
  get isWanted(): boolean {
    return this.#forges.length > 0;
  }

  onRun(event: RunEvent): void {
    if (event.type === 'run_started') {
      for (const problem of this.#problems) this.#input.warn(problem);
      for (const { id, kind } of event.nodes)
        if (kind === 'execute') this.#say({ jobId: id, status: 'pending', message: '' });
    }
    if (event.type === 'node_started' && event.kind === 'execute')
      this.#say({ jobId: event.node_id, status: 'running', message: '' });
    if (event.type === 'node_finished' && event.kind === 'execute')
      this.#say({
        jobId: event.node_id,
        status: event.status,
        message: event.message,
        allowFailure: event.allow_failure === true,
        notNeeded: event.not_needed === true,
      });
  }

  /** The commit that is run; null where git knows of none, or the workspace is not what it holds. */
  isOf(commit: { readonly head: string | null; readonly dirty: boolean | null }): void {
    if (!this.isWanted) return;
    if (commit.head === null || commit.dirty !== false) {
      const why = commit.head === null ? 'is of no commit' : 'has changes that are in no commit';
      this.#input.warn(`the states of this run are told to nobody: the workspace ${why}`);
      this.#over.abort();
      return;
    }
    this.#commit = commit.head;
    for (const forge of this.#forges) this.#tell(forge);
  }

  /** When all is told that can be told, bounded. */
  async settled(): Promise<void> {
    using bound = awakeTimeout(LAST_WORDS_MS);
    const end = () => this.#over.abort();
    bound.signal.addEventListener('abort', end, { once: true });
    await Promise.all(this.#forges.map(({ telling }) => telling));
    for (const { report, waiting } of this.#forges)
      if (bound.signal.aborted && waiting.size > 0)
        this.#input.warn(`the states of ${waiting.size} jobs were not told to ${report.url} in time`);
  }

  #say(status: Omit<CommitStatus, 'runId' | 'isFilteredOut'>): void {
    const { runId, isFilteredOut } = this.#input;
    for (const forge of this.#forges) {
      forge.waiting.set(status.jobId, { ...status, runId, isFilteredOut });
      if (this.#commit !== null) this.#tell(forge);
    }
  }

  #tell(forge: Forge): void {
    forge.telling ??= this.#tellAll(forge).finally(() => {
      forge.telling = null;
    });
  }

  /** One after the other, so that a later state of a job never comes before an earlier one. */
  async #tellAll(forge: Forge): Promise<void> {
    for (;;) {
      const [next] = forge.waiting;
      if (next === undefined || this.#over.signal.aborted) return;
      const [jobId, status] = next;
      forge.waiting.delete(jobId);
      const problem = await this.#send(forge, status);
      if (problem === null) continue;
      this.#input.warn(
        `the state of the job ${jobId} (${status.status}) was not told to ${forge.report.url}: ${problem}`,
      );
    }
  }

  /** Why it was not taken; null when it was. */
  async #send({ report, token, waiting }: Forge, status: CommitStatus): Promise<string | null> {
    const { http, clock } = this.#parts;
    const request = statusRequest(report, { commit: this.#commit ?? '', token }, status);
    for (let tries = 0; ; tries++) {
      using bound = awakeTimeout(ANSWER_MS);
      const signal = AbortSignal.any([bound.signal, this.#over.signal]);
      const answer = await http.post(request, signal);
      const verdict = answer.isErr() ? 'again' : verdictOf(report.to, answer.value);
      if (verdict === 'taken') return null;
      const problem = answer.isErr() ? answer.error.message : `it answered ${answer.value.status}`;
      const pause = PAUSES_MS[tries];
      if (verdict === 'refused' || pause === undefined) return problem;
      if ((await clock.sleep(pause, this.#over.signal)) === 'aborted') return problem;
      // A newer state is on its way.
      if (waiting.has(status.jobId)) return null;
    }
  }
}
