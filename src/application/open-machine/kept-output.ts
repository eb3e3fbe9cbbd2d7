import { err, ok, type Result } from 'neverthrow';
import type { FileFault } from '../../ports/file-store.js';
import type { LogReader } from '../../ports/log-reader.js';

const PART_BYTES = 256 * 1024;

/** The kept log of a step, handed out in parts from a position on. */
export class KeptOutput {
  readonly #reader: LogReader;
  readonly #path: string;
  readonly #onOutput: ((data: Uint8Array) => void | Promise<void>) | undefined;
  #offset: number | null;

  /** From the first byte on with `replay`; from where the log ends at the first call without. */
  constructor(reader: LogReader, path: string, { onOutput, replay }: OutputOptions) {
    this.#reader = reader;
    this.#path = path;
    this.#onOutput = onOutput;
    this.#offset = replay === true ? 0 : null;
  }

  /** Hands out what has come since the last call; true when there was something. A log that is not there yet is empty. */
  async advance(): Promise<Result<boolean, FileFault>> {
    let some = false;
    for (;;) {
      const from = this.#offset ?? Number.MAX_SAFE_INTEGER;
      const part = await this.#reader.read(this.#path, { offset: from, maxBytes: PART_BYTES });
      if (part.isErr()) {
        if (part.error.kind !== 'not_found') return err(part.error);
        this.#offset ??= 0;
        return ok(some);
      }
      const { data, offset } = part.value;
      this.#offset = offset + data.length;
      if (data.length === 0) return ok(some);
      some = true;
      await this.#onOutput?.(data);
    }
  }
}

interface OutputOptions {
  readonly onOutput?: (data: Uint8Array) => void | Promise<void>;
  readonly replay?: boolean;
}
