import { err, ok, type Result } from 'neverthrow';
import type { FileFault, FileWriter } from '../../../ports/file-store.js';

export interface MemoryFileWriterInput {
  readonly write: (data: Uint8Array) => Result<void, FileFault>;
  readonly commit: () => Result<void, FileFault>;
  /** The fault of a writer that has ended. */
  readonly ended: () => FileFault;
}

/** A file being written in pieces. */
export class MemoryFileWriter implements FileWriter {
  readonly #input: MemoryFileWriterInput;
  #ended = false;

  constructor(input: MemoryFileWriterInput) {
    this.#input = input;
  }

  async write(data: Uint8Array): Promise<Result<void, FileFault>> {
    return this.#ended ? err(this.#input.ended()) : this.#input.write(data);
  }

  async commit(): Promise<Result<void, FileFault>> {
    if (this.#ended) return err(this.#input.ended());
    this.#ended = true;
    return this.#input.commit();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
  }
}

export const nothing = (): Result<void, FileFault> => ok(undefined);
