import { randomUUID } from 'node:crypto';
import { ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusOperation } from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import type { MemoryEvents } from './memory-events.js';
import { memoryFault, refuse } from './memory-fault.js';

type Outcome = Result<void, IncusFault>;

interface Running {
  view: IncusOperation;
  readonly project: string;
  readonly outcome: Promise<Outcome>;
  endedAt: number | null;
}

/** How long Incus keeps an operation after its end. */
const keptMs = 5_000;

/** Background operations: they can be listed and waited for, and vanish 5 s after their end. */
export class MemoryOperations {
  readonly #operations = new Map<string, Running>();

  constructor(
    private readonly now: () => number,
    private readonly events: MemoryEvents,
  ) {}

  /** Starts the work and gives it an id. */
  start(
    project: string,
    what: { readonly description: string; readonly resources: IncusOperation['resources'] },
    work: () => Promise<Outcome>,
  ): { readonly id: string; readonly outcome: Promise<Outcome> } {
    const id = randomUUID();
    const view: IncusOperation = {
      id,
      class: 'task',
      status: 'Running',
      statusCode: 103,
      mayCancel: false,
      error: '',
      ...what,
    };
    const running: Running = {
      view,
      project,
      endedAt: null,
      outcome: work().then((outcome) => end(outcome)),
    };
    const end = (outcome: Outcome): Outcome => {
      const ended = outcome.isOk()
        ? { status: 'Success', statusCode: 200 }
        : { status: 'Failure', statusCode: 400, error: outcome.error.message };
      running.view = { ...running.view, ...ended };
      running.endedAt = this.now();
      this.events.emit('operation', project, running.view);
      return outcome;
    };
    this.#operations.set(id, running);
    this.events.emit('operation', project, view);
    return { id, outcome: running.outcome };
  }

  list(project: string): readonly IncusOperation[] {
    this.#forgetOld();
    return [...this.#operations.values()].filter((one) => one.project === project).map(({ view }) => view);
  }

  get(id: string, tried = `GET /1.0/operations/${id}`): Result<IncusOperation, IncusFault> {
    this.#forgetOld();
    const found = this.#operations.get(id);
    return found ? ok(found.view) : refuse('not_found', tried, 'Operation not found');
  }

  async wait(
    id: string,
    timeoutMs: number,
    { signal }: CallOptions = {},
  ): Promise<Result<IncusOperation, IncusFault>> {
    const tried = `GET /1.0/operations/${id}/wait`;
    const found = this.get(id, tried);
    const running = this.#operations.get(id);
    if (found.isErr() || !running) return found;
    const ended = await within(running.outcome, timeoutMs, signal);
    if (ended === 'timed_out' || ended === 'aborted')
      return refuse(ended, tried, 'the operation has not ended');
    return ended
      .map(() => running.view)
      .mapErr(({ message }) => memoryFault('operation_failed', tried, message));
  }

  /** Nothing that the fake does can be cancelled, as with a create or an exec of Incus. */
  cancel(id: string): Result<void, IncusFault> {
    const tried = `DELETE /1.0/operations/${id}`;
    return this.get(id, tried).andThen(() =>
      refuse('invalid_request', tried, "This operation can't be cancelled"),
    );
  }

  #forgetOld(): void {
    for (const [id, { endedAt }] of this.#operations) {
      if (endedAt !== null && this.now() - endedAt > keptMs) this.#operations.delete(id);
    }
  }
}

/** A promise with a bound and a signal; whichever comes first. */
export function within<T>(
  promise: Promise<T>,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<T | 'timed_out' | 'aborted'> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => settle('timed_out'), timeoutMs);
    const onAbort = (): void => settle('aborted');
    const settle = (value: T | 'timed_out' | 'aborted'): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      resolve(value);
    };
    if (signal?.aborted) settle('aborted');
    signal?.addEventListener('abort', onAbort);
    void promise.then(settle);
  });
}
