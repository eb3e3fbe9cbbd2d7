import type { Result } from 'neverthrow';
import type { RealizedPreparedOutput } from '../../domain/records/prepared-outputs-record.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { jsonBytes } from './claim-run.js';

/**
 * Keeps `prepared-outputs.json` while the prepare nodes of a run end beside each other. One write at a time, each with all that
 * is known when it begins: of two at once the older could be the last to appear, and an output be missing from the record.
 */
export class OutputsRecord {
  readonly #files: FileStore;
  readonly #path: string;
  readonly #outputs = new Map<string, RealizedPreparedOutput>();
  #writing: Promise<unknown> = Promise.resolve();
  /** Told of each change, for its copy. */
  onChange: (document: object) => void = () => {};

  /** What the file has already stays in it. */
  constructor(files: FileStore, path: string, earlier: readonly RealizedPreparedOutput[] = []) {
    for (const output of earlier) this.#outputs.set(output.node_id, output);
    this.#files = files;
    this.#path = path;
  }

  get outputs(): ReadonlyMap<string, RealizedPreparedOutput> {
    return this.#outputs;
  }

  /** Resolves when the output stands in the file. */
  add(output: RealizedPreparedOutput): Promise<Result<void, FileFault>> {
    this.#outputs.set(output.node_id, output);
    const written = this.#writing.then(() => {
      const document = { schema_version: 1, outputs: [...this.#outputs.values()] };
      this.onChange(document);
      return this.#files.writeFile(this.#path, jsonBytes(document));
    });
    this.#writing = written;
    return written;
  }
}
