import type { KeptEntry } from '../../domain/target/retention.js';

/** What became of the snapshots, prepared outputs and templates that a host keeps. Paths are absolute on the host, sizes in bytes. */
export interface EvictionReport {
  /** Those that are gone now, removed by this call (or, in a dry run, that would be). */
  readonly evicted: readonly KeptEntry[];
  /** What stays, what is in use included. */
  readonly kept: { readonly entries: number; readonly bytes: number };
  /** Could not be removed, or looked at; the next call tries again. */
  readonly failed: readonly { readonly path: string; readonly message: string }[];
}
