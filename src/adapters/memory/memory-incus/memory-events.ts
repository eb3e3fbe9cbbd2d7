import type { IncusEvents } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusEvent } from '../../../ports/incus-types.js';
import { memoryFault } from './memory-fault.js';

interface Wanted {
  readonly project?: string;
  readonly types?: readonly string[];
}

/** Sends events to who listens; there is no replay. */
export class MemoryEvents {
  readonly #listeners = new Set<Listener>();

  constructor(private readonly now: () => number) {}

  emit(type: string, project: string, metadata: unknown): void {
    const timestamp = new Date(this.now()).toISOString();
    for (const listener of this.#listeners) listener.push({ type, project, timestamp, metadata });
  }

  /** `owner` is the connection that the events go over. */
  listen(owner: object, wanted: Wanted, signal?: AbortSignal): IncusEvents {
    const listener = new Listener(owner, wanted, () => this.#listeners.delete(listener));
    this.#listeners.add(listener);
    const abort = (): void =>
      listener.end(memoryFault('aborted', 'GET /1.0/events', 'the events were let go of'));
    if (signal?.aborted) abort();
    signal?.addEventListener('abort', abort, { once: true });
    return listener;
  }

  /** What goes over one connection ends. */
  drop(owner: object, kind: 'connection_lost' | 'closed'): void {
    for (const listener of this.#listeners) {
      if (listener.owner !== owner) continue;
      listener.end(memoryFault(kind, 'GET /1.0/events', 'the events ended'));
    }
  }
}

class Listener implements IncusEvents {
  readonly closed: Promise<IncusFault | null>;
  readonly #events: IncusEvent[] = [];
  #ended = false;
  #wake: () => void = () => undefined;
  #close: (why: IncusFault | null) => void = () => undefined;

  constructor(
    readonly owner: object,
    private readonly wanted: Wanted,
    private readonly onEnd: () => void,
  ) {
    this.closed = new Promise((resolve) => {
      this.#close = resolve;
    });
  }

  push(event: IncusEvent): void {
    const { project, types } = this.wanted;
    if (this.#ended || (project !== undefined && project !== event.project)) return;
    if (types && !types.includes(event.type)) return;
    this.#events.push(event);
    this.#wake();
  }

  end(why: IncusFault | null): void {
    if (this.#ended) return;
    this.#ended = true;
    this.onEnd();
    this.#close(why);
    this.#wake();
  }

  readonly events: AsyncIterable<IncusEvent> = { [Symbol.asyncIterator]: () => this.#read() };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#events.length = 0;
    this.end(null);
  }

  async *#read(): AsyncGenerator<IncusEvent, void, undefined> {
    for (;;) {
      const event = this.#events.shift();
      if (event) yield event;
      else if (this.#ended) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}
