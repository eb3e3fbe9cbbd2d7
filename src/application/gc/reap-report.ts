import type { EvictionReport } from './eviction-report.js';

/** What a reaper did on a host. Instances by their names, microVMs by theirs. */
export interface ReapReport {
  /** Instances that are gone now, deleted by this call (or, in a dry run, that would be). */
  readonly deleted: readonly string[];
  /** Instances of pikaci whose lease holds. */
  readonly alive: readonly string[];
  /** Could not be deleted, or stay because the host has no place for what their jobs have left; the next reaper tries again. */
  readonly failed: readonly { readonly instance: string; readonly message: string }[];
  /** Jobs of removed machines of which log, end and artifacts are kept on the host for `recover`. */
  readonly keptJobs: readonly { readonly runId: string; readonly jobId: string }[];
  /** Machines whose jobs had left something that could not be kept; they are gone all the same. */
  readonly notKept: readonly { readonly instance: string; readonly message: string }[];
  /** Directories of jobs without a machine that are gone now, absolute on the host, volumes of caches without one, and networks of services: killed runners had left them. */
  readonly abandoned: readonly string[];
  /** Why they could not all be looked for; null when they could. */
  readonly abandonedFailed: string | null;
  /** What became of the snapshots, prepared outputs, templates, caches and left jobs that the host keeps. */
  readonly kept: EvictionReport;
}
