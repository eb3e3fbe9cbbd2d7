import { cancelRequestSchema } from '../../domain/records/cancel-request.js';
import type { RunStateLayout } from '../../domain/records/run-layout.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import { readRecord } from '../records/read-record.js';

/** How often is looked whether somebody asks. */
export const CANCEL_LOOK_MS = 6_000;

/** Ends a run that another process asks to end (`pikaci cancel`). It says that it has seen that by removing what asks. */
export class CancelWatch {
  readonly #files: FileStore;
  readonly #clock: Clock;
  readonly #path: string;
  readonly #asked = new AbortController();
  readonly #left = new AbortController();

  constructor(files: FileStore, clock: Clock, { cancelRequest }: Pick<RunStateLayout, 'cancelRequest'>) {
    this.#files = files;
    this.#clock = clock;
    this.#path = cancelRequest;
  }

  /** Fires when somebody asks; the reason says who. */
  get asked(): AbortSignal {
    return this.#asked.signal;
  }

  /** What was asked of an earlier runner of this run does not count. */
  async forget(): Promise<void> {
    await this.#files.remove(this.#path);
  }

  /** Looks until `leave`: who asks once more while the run ends is told that this is seen. */
  async watch(say: (message: string) => void): Promise<void> {
    while ((await this.#clock.sleep(CANCEL_LOOK_MS, this.#left.signal)) === 'elapsed') {
      const read = await readRecord(this.#files, this.#path, cancelRequestSchema);
      if (read.isErr() && read.error.kind !== 'damaged') continue;
      // Whoever wrote it wants the end, whatever else it says.
      const why = `${read.isOk() ? read.value.by : 'somebody'} asked it to end`;
      if (!this.#asked.signal.aborted) say(`is cancelled: ${why}`);
      this.#asked.abort(why);
      await this.#files.remove(this.#path);
    }
  }

  leave(): void {
    this.#left.abort();
  }
}
