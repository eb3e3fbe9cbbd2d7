import type { ArtifactReport, ArtifactRule } from '../../domain/job/artifact.js';

const MOST_NAMED = 1000;

/** Counts what was taken and what was not, in bounded space. */
export class ArtifactLedger {
  readonly #collected: { path: string; bytes: number }[] = [];
  readonly #refused: { path: string; rule: ArtifactRule }[] = [];
  #refusedCount = 0;
  #incomplete: string | null = null;
  #totalBytes = 0;

  get totalBytes(): number {
    return this.#totalBytes;
  }

  get files(): number {
    return this.#collected.length;
  }

  took(path: string, bytes: number): void {
    this.#collected.push({ path, bytes });
    this.#totalBytes += bytes;
  }

  refuse(path: string, rule: ArtifactRule): void {
    this.#refusedCount++;
    if (this.#refused.length < MOST_NAMED) this.#refused.push({ path: path.slice(0, 1024), rule });
  }

  /** The first reason is kept. */
  breakOff(reason: string): void {
    this.#incomplete ??= reason;
  }

  report(): ArtifactReport {
    return {
      collected: this.#collected,
      refused: this.#refused,
      refused_count: this.#refusedCount,
      incomplete: this.#incomplete,
    };
  }
}
