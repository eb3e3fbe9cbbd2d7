import {
  type ArtifactReport,
  type ArtifactRule,
  COLLECTED_NAMES_BYTES,
  REFUSED_NAMES_BYTES,
} from '../../domain/job/artifact.js';

const MOST_NAMED = 1000;
const LONGEST_REFUSED = 1024;
/** Of an entry in a record, beside its path: braces, keys, indentation and a number. */
const ENTRY_BYTES = 120;

/** Counts what was taken and what was not, in bounded space: all of it fits in a record that can be read back. */
export class ArtifactLedger {
  readonly #collected = new Map<string, number>();
  readonly #refused: { path: string; rule: ArtifactRule }[] = [];
  #collectedRoom = COLLECTED_NAMES_BYTES;
  #refusedRoom = REFUSED_NAMES_BYTES;
  #refusedCount = 0;
  #incomplete: string | null = null;
  #totalBytes = 0;

  get totalBytes(): number {
    return this.#totalBytes;
  }

  /** Whether the record has room for one more file of this name; if so it is taken up. */
  reserve(path: string): boolean {
    const bytes = recordedBytes(path);
    if (bytes > this.#collectedRoom) return false;
    this.#collectedRoom -= bytes;
    return true;
  }

  took(path: string, bytes: number): void {
    this.#collected.set(path, bytes);
    this.#totalBytes += bytes;
  }

  /** What was taken turned out to be nothing. */
  giveBack(path: string): void {
    this.#totalBytes -= this.#collected.get(path) ?? 0;
    this.#collected.delete(path);
  }

  refuse(path: string, rule: ArtifactRule): void {
    this.#refusedCount++;
    const shown = path.slice(0, LONGEST_REFUSED);
    const bytes = recordedBytes(shown);
    if (this.#refused.length >= MOST_NAMED || bytes > this.#refusedRoom) return;
    this.#refusedRoom -= bytes;
    this.#refused.push({ path: shown, rule });
  }

  /** The first reason is kept. */
  markIncomplete(reason: string): void {
    this.#incomplete ??= reason;
  }

  report(): ArtifactReport {
    return {
      collected: [...this.#collected].map(([path, bytes]) => ({ path, bytes })),
      refused: this.#refused,
      refused_count: this.#refusedCount,
      incomplete: this.#incomplete,
    };
  }
}

const recordedBytes = (path: string) => Buffer.byteLength(JSON.stringify(path)) + ENTRY_BYTES;
