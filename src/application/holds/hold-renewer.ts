import { ok, type Result } from 'neverthrow';
import { RENEW_USE_MS } from '../../domain/target/retention.js';
import type { Clock } from '../../ports/clock.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { touchLastUsed } from './last-used.js';

/** Keeps in use what a run uses on the host, for as long as the run goes on. A renewal that fails is tried again with the next. */
export class HoldRenewer implements AsyncDisposable {
  readonly #ports: { readonly files: FileStore; readonly clock: Clock };
  readonly #runId: string;
  readonly #held = new Set<string>();
  readonly #stop = new AbortController();
  #renewing: Promise<void> | null = null;

  constructor(ports: { readonly files: FileStore; readonly clock: Clock }, runId: string) {
    this.#ports = ports;
    this.#runId = runId;
  }

  /** `gone` when the directory is not there. */
  async hold(directory: string, signal: AbortSignal): Promise<Result<'held' | 'gone', FileFault>> {
    const stamped = await touchLastUsed(this.#ports.files, directory, { runId: this.#runId, signal });
    if (stamped.isErr()) return stamped.map(() => 'gone');
    if (stamped.value === 'gone') return ok('gone');
    this.#held.add(directory);
    this.#renewing ??= this.#renew();
    return ok('held');
  }

  /** The same for a directory that was made just now: its first stamp comes when one is due. */
  keep(directory: string): void {
    this.#held.add(directory);
    this.#renewing ??= this.#renew();
  }

  async #renew(): Promise<void> {
    const { signal } = this.#stop;
    while ((await this.#ports.clock.sleep(RENEW_USE_MS, signal)) === 'elapsed') {
      const use = {
        runId: this.#runId,
        signal: AbortSignal.any([signal, awakeBound(RENEW_USE_MS)]),
      };
      for (const directory of this.#held) await touchLastUsed(this.#ports.files, directory, use);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
  }
}
