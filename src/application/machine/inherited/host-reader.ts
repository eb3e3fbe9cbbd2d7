import { posix } from 'node:path';
import type { FileFault, FileStore } from '../../../ports/file-store.js';

const MOST_FILES = 200;

export interface ReadFile {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** Reads what a host may have of its own settings. What is not there is nothing; what cannot be read is a warning; a host that does not answer is a fault. */
export class HostReader {
  readonly warnings: string[] = [];
  /** Why nothing that was read counts. */
  fault: FileFault | null = null;
  readonly #files: FileStore;
  readonly #signal: AbortSignal;

  constructor(files: FileStore, signal: AbortSignal) {
    this.#files = files;
    this.#signal = signal;
  }

  get host(): string {
    return this.#files.host;
  }

  /** `why` is said of a file that somebody has named, and that is therefore missed. */
  async read(path: string, maxBytes: number, why?: string): Promise<ReadFile | null> {
    if (this.fault !== null) return null;
    const read = await this.#files.readFile(path, { signal: this.#signal, maxBytes });
    if (read.isOk()) return { path, bytes: read.value };
    this.#note(read.error, path, why);
    return null;
  }

  /** The files of a directory, and of those in it, whose names match. */
  async readAll(directory: string, matches: RegExp, maxBytes: number): Promise<readonly ReadFile[]> {
    const found: ReadFile[] = [];
    const waiting = [directory];
    for (let looked = 0; looked < MOST_FILES && this.fault === null; looked++) {
      const at = waiting.shift();
      if (at === undefined) break;
      const listed = await this.#files.list(at, { signal: this.#signal });
      if (listed.isErr()) {
        this.#note(listed.error, at);
        continue;
      }
      for (const { name, type } of listed.value) {
        const path = posix.join(at, name);
        if (type === 'directory') waiting.push(path);
        else if (matches.test(name) && found.length < MOST_FILES) {
          const file = await this.read(path, maxBytes);
          if (file !== null) found.push(file);
        }
      }
    }
    return found;
  }

  #note(fault: FileFault, path: string, why?: string): void {
    const { kind, message } = fault;
    if (kind === 'connection_lost' || kind === 'aborted') this.fault = fault;
    else if (why !== undefined)
      this.warnings.push(`${why} ${path} on ${this.host}, which cannot be read: ${message}`);
    else if (kind !== 'not_found' && kind !== 'not_a_directory')
      this.warnings.push(`${path} on ${this.host} cannot be read, and is not handed on: ${message}`);
  }
}
