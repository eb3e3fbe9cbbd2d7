import type { Result } from 'neverthrow';
import type { StoredEvent } from '../../application/runs/follow-events.js';
import type { RunStateFault } from '../../application/runs/run-state-fault.js';

type Events = AsyncGenerator<Result<StoredEvent, RunStateFault>, void>;

export interface EventStreamLimits {
  /** Streams at the same time. */
  readonly most: number;
  /** After this a stream ends; whoever wants more resumes with its last id. */
  readonly lifeMs: number;
}

/** The open event streams, so that there is a bound to them and the server can end them. */
export class EventStreams {
  readonly #limits: EventStreamLimits;
  readonly #open = new Set<AbortController>();

  constructor(limits: EventStreamLimits) {
    this.#limits = limits;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Null when there are too many. An event is read when the client has taken the one before; the reader ends with the client. */
  open(follow: (signal: AbortSignal) => Events): ReadableStream<Uint8Array> | null {
    if (this.#open.size >= this.#limits.most) return null;
    const controller = new AbortController();
    this.#open.add(controller);
    const timer = setTimeout(() => controller.abort(), this.#limits.lifeMs);
    const events = follow(controller.signal);
    const close = () => {
      clearTimeout(timer);
      this.#open.delete(controller);
      controller.abort();
    };
    return new ReadableStream<Uint8Array>({
      async pull(stream) {
        const next = await events.next();
        if (next.done === true) {
          // A browser would come back at once; this tells it, and whoever reads, that there is no more.
          if (!controller.signal.aborted) stream.enqueue(Buffer.from('event: end\ndata: {}\n\n'));
          close();
          stream.close();
          return;
        }
        stream.enqueue(Buffer.from(next.value.match(eventText, faultText)));
      },
      cancel: close,
    });
  }

  closeAll(): void {
    for (const controller of this.#open) controller.abort();
  }
}

/** JSON has no line break of its own, so one `data` line holds it. */
function eventText({ position, event }: StoredEvent): string {
  return `id: ${position}\ndata: ${JSON.stringify(event)}\n\n`;
}

function faultText({ kind, message }: RunStateFault): string {
  return `event: fault\ndata: ${JSON.stringify({ kind, message })}\n\n`;
}
