import type { Result } from 'neverthrow';
import type { StoredEvent } from '../../application/runs/follow-events.js';
import type { RunStateFault } from '../../application/runs/run-state-fault.js';

type Events = AsyncGenerator<Result<StoredEvent, RunStateFault>, void>;

/** Times in milliseconds. */
export interface EventStreamLimits {
  /** Streams at the same time. */
  readonly most: number;
  /** After this a stream ends; whoever wants more resumes with its last id. */
  readonly lifeMs: number;
  /** After this without an event a comment is sent, so that who has gone, or does not read, is noticed. */
  readonly quietMs: number;
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

  /** Null when there are too many. An event is read when the client has taken the one before; the reader ends with the client, whose going `gone` tells. */
  open(follow: (signal: AbortSignal) => Events, gone: AbortSignal): ReadableStream<Uint8Array> | null {
    if (this.#open.size >= this.#limits.most) return null;
    const controller = new AbortController();
    const { signal } = controller;
    this.#open.add(controller);
    const end = () => controller.abort();
    const life = setTimeout(end, this.#limits.lifeMs);
    signal.addEventListener('abort', () => {
      clearTimeout(life);
      gone.removeEventListener('abort', end);
      this.#open.delete(controller);
    });
    if (gone.aborted) end();
    else gone.addEventListener('abort', end, { once: true });
    const events = follow(signal);
    const { quietMs } = this.#limits;
    let pending: ReturnType<Events['next']> | null = null;
    return new ReadableStream<Uint8Array>({
      async pull(stream) {
        pending ??= events.next();
        const next = await orQuiet(pending, quietMs);
        if (next === 'quiet') return stream.enqueue(Buffer.from(':\n\n'));
        pending = null;
        if (next.done !== true) return stream.enqueue(Buffer.from(next.value.match(eventText, faultText)));
        // A browser would come back at once; this tells it, and whoever reads, that there is no more.
        if (!signal.aborted) stream.enqueue(Buffer.from('event: end\ndata: {}\n\n'));
        end();
        stream.close();
      },
      cancel: end,
    });
  }

  closeAll(): void {
    for (const controller of this.#open) controller.abort();
  }
}

async function orQuiet<T>(next: Promise<T>, quietMs: number): Promise<T | 'quiet'> {
  let timer: NodeJS.Timeout | undefined;
  const quiet = new Promise<'quiet'>((resolve) => {
    timer = setTimeout(() => resolve('quiet'), quietMs);
  });
  try {
    return await Promise.race([next, quiet]);
  } finally {
    clearTimeout(timer);
  }
}

/** JSON has no line break of its own, so one `data` line holds it. */
function eventText({ position, event }: StoredEvent): string {
  return `id: ${position}\ndata: ${JSON.stringify(event)}\n\n`;
}

function faultText({ kind, message }: RunStateFault): string {
  return `event: fault\ndata: ${JSON.stringify({ kind, message })}\n\n`;
}
