import type { RunStateLayout } from '../../domain/records/run-layout.js';
import type { RunJobRecord, RunRecord } from '../../domain/records/run-record.js';
import type { FileStore } from '../../ports/file-store.js';
import type { SecretMasker } from '../secrets/secret-masker.js';
import { jsonBytes } from './claim-run.js';

/** Keeps `run.json` as the run goes on: each change replaces the file, and changes that come while one is written are written together. */
export class RunRecorder {
  readonly #files: FileStore;
  readonly #state: RunStateLayout;
  readonly #masker: SecretMasker;
  #record: RunRecord;
  #dirty = false;
  #writing: Promise<void> = Promise.resolve();
  /** Told when the file could not be written; what jobs have recorded of themselves counts all the same. */
  onUnwritten: (path: string, why: string) => void = () => {};
  /** Told of each change, for its copy. */
  onChange: (record: RunRecord) => void = () => {};

  constructor(files: FileStore, state: RunStateLayout, record: RunRecord, masker: SecretMasker) {
    this.#files = files;
    this.#state = state;
    this.#masker = masker;
    this.#record = this.#shown(record);
  }

  get record(): RunRecord {
    return this.#record;
  }

  change(change: Partial<RunRecord>): void {
    this.#record = { ...this.#record, ...this.#shown(change) };
    this.onChange(this.#record);
    if (this.#dirty) return;
    this.#dirty = true;
    this.#writing = this.#writing.then(async () => {
      this.#dirty = false;
      const { runRecord } = this.#state;
      const written = await this.#files.writeFile(runRecord, jsonBytes(this.#record));
      if (written.isErr()) this.onUnwritten(runRecord, written.error.message);
    });
  }

  changeJob(id: string, change: Partial<RunJobRecord>): void {
    this.change({ jobs: this.#record.jobs.map((job) => (job.id === id ? { ...job, ...change } : job)) });
  }

  /** With what is for people masked. */
  #shown<C extends Partial<RunRecord>>(change: C): C {
    const mask = <T extends string | null | undefined>(text: T) =>
      (typeof text === 'string' ? this.#masker.maskText(text) : text) as T;
    const told = <M extends { readonly message: string | null }>(one: M): M => ({
      ...one,
      message: mask(one.message),
    });
    const { target_description: about, message, jobs, prepare_timings: timings } = change;
    return {
      ...change,
      ...(about === undefined ? {} : { target_description: mask(about) }),
      ...(message === undefined ? {} : { message: mask(message) }),
      ...(jobs === undefined
        ? {}
        : { jobs: jobs.map((job) => ({ ...told(job), description: mask(job.description) })) }),
      ...(timings === undefined ? {} : { prepare_timings: timings.map(told) }),
    };
  }

  /** Resolves when all that was changed so far is in the file, or could not be written. */
  saved(): Promise<void> {
    return this.#writing;
  }
}
