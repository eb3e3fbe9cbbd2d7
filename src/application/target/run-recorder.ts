import { ok, type Result } from 'neverthrow';
import type { RunStateLayout } from '../../domain/records/run-layout.js';
import type { RunJobRecord, RunRecord } from '../../domain/records/run-record.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { jsonBytes } from './claim-run.js';

/** Keeps `run.json` as the run goes on: each change replaces the file, and changes that come while one is written are written together. */
export class RunRecorder {
  readonly #files: FileStore;
  readonly #state: RunStateLayout;
  #record: RunRecord;
  #dirty = false;
  #writing: Promise<Result<void, FileFault>> = Promise.resolve(ok(undefined));

  constructor(files: FileStore, state: RunStateLayout, record: RunRecord) {
    this.#files = files;
    this.#state = state;
    this.#record = record;
  }

  get record(): RunRecord {
    return this.#record;
  }

  change(change: Partial<RunRecord>): void {
    this.#record = { ...this.#record, ...change };
    if (this.#dirty) return;
    this.#dirty = true;
    this.#writing = this.#writing.then(() => {
      this.#dirty = false;
      return this.#files.writeFile(this.#state.runRecord, jsonBytes(this.#record));
    });
  }

  changeJob(id: string, change: Partial<RunJobRecord>): void {
    this.change({ jobs: this.#record.jobs.map((job) => (job.id === id ? { ...job, ...change } : job)) });
  }

  /** The outcome of the latest write. */
  saved(): Promise<Result<void, FileFault>> {
    return this.#writing;
  }
}
