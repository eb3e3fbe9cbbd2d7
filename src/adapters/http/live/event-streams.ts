/** Of a stream of server-sent events; `id` is what a client hands back to go on after it. */
export interface SentEvent {
  readonly id?: string;
  /** `message` when left out. */
  readonly event?: string;
  /** Without line breaks, as JSON is. */
  readonly data: string;
}

/** What it returns is the data of the last event, `end`. */
type Events = AsyncGenerator<SentEvent, unknown>;

/** Times in milliseconds. */
export interface EventStreamLimits {
  /** Streams at the same time. */
  readonly most: number;
  /** After this a stream ends; whoever wants more resumes with its last id. */
  readonly lifeMs: number;
  /** After this without an event a comment is sent, so that who has gone, or does not read, is noticed. */
  readonly quietMs: number;
}

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };
/** How long a browser waits before it comes back, in milliseconds. */
const RETRY = 'retry: 1000\n\n';

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

  /** Null when there are too many. */
  answer(request: Request, follow: (signal: AbortSignal) => Events): Response | null {
    // Whoever asks for the head only would leave the stream open, and unread.
    if (request.method === 'HEAD') return new Response(null, { headers: HEADERS });
    const body = this.open(follow, request.signal);
    return body === null ? null : new Response(body, { headers: HEADERS });
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
      start: (stream) => stream.enqueue(Buffer.from(RETRY)),
      async pull(stream) {
        pending ??= events.next();
        const next = await orQuiet(pending, quietMs);
        if (next === 'quiet') return stream.enqueue(Buffer.from(':\n\n'));
        pending = null;
        // Of a stream that is being ended the reader may say that it was broken off: no client should take that for the run's fault.
        if (next.done !== true && !signal.aborted) return stream.enqueue(Buffer.from(eventText(next.value)));
        // A browser would come back at once; this tells it, and whoever reads, that there is no more.
        if (!signal.aborted) stream.enqueue(Buffer.from(endText(next)));
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

function endText({ value }: IteratorResult<SentEvent, unknown>): string {
  return eventText({ event: 'end', data: JSON.stringify(value ?? {}) });
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

function eventText({ id, event, data }: SentEvent): string {
  return `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`;
}
