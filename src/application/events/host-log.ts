import type { PikaciEvent } from '../../domain/events/event.js';
import type { EventSink } from '../../ports/event-sink.js';
import type { FileStore } from '../../ports/file-store.js';

/** `host.log`: what pikaci and the host did, one line an event. Lines are written in order, behind the events; that they could not be is told once. */
export class HostLog implements EventSink {
  readonly #files: FileStore;
  readonly #path: string;
  #pending: string[] = [];
  #writing: Promise<void> = Promise.resolve();
  #onUnwritten: ((message: string) => void) | null;

  constructor(files: FileStore, path: string, onUnwritten: (message: string) => void) {
    this.#files = files;
    this.#path = path;
    this.#onUnwritten = onUnwritten;
  }

  emit(event: PikaciEvent): void {
    if (event.type === 'log_bytes' || event.type === 'upload_progress') return;
    const { at, type, schema_version: _, run_id: __, job_id: ___, ...rest } = event;
    this.#pending.push(`${at} ${type} ${JSON.stringify(rest)}\n`);
    if (this.#pending.length === 1) this.#writing = this.#writing.then(() => this.#write());
  }

  /** Resolves when all that was emitted so far is in the file. */
  flushed(): Promise<void> {
    return this.#writing;
  }

  async #write(): Promise<void> {
    const lines = this.#pending.join('');
    this.#pending = [];
    const written = await this.#files.appendFile(this.#path, Buffer.from(lines));
    if (written.isOk()) return;
    const tell = this.#onUnwritten;
    this.#onUnwritten = null;
    tell?.(`${this.#path} could not be written: ${written.error.message}`);
  }
}
