import type { PikaciEvent } from '../../domain/events/event.js';
import type { RunEvent } from '../../domain/events/run-event.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { FileStore } from '../../ports/file-store.js';

/** `events.jsonl`: every event of a run but the log, which has a file of its own, and the progress of uploads. */
export class EventFile implements EventSink {
  readonly #files: FileStore;
  readonly #path: string;
  #pending: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  /** Told when events could not be written. */
  onUnwritten: (path: string, why: string) => void = () => {};

  constructor(files: FileStore, path: string) {
    this.#files = files;
    this.#path = path;
  }

  emit(event: PikaciEvent): void {
    if (event.type !== 'log_bytes' && event.type !== 'upload_progress') this.#add(event);
  }

  emitRun(event: RunEvent): void {
    if (event.type !== 'node_upload_progress') this.#add(event);
  }

  /** Resolves when all that was emitted so far is in the file, or could not be written. */
  flushed(): Promise<void> {
    return this.#writing;
  }

  #add(event: object): void {
    this.#pending.push(`${JSON.stringify(event)}\n`);
    if (this.#pending.length === 1) this.#writing = this.#writing.then(() => this.#write());
  }

  async #write(): Promise<void> {
    const lines = this.#pending.join('');
    this.#pending = [];
    const written = await this.#files.appendFile(this.#path, Buffer.from(lines));
    if (written.isErr()) this.onUnwritten(this.#path, written.error.message);
  }
}
