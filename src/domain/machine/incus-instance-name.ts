import { sha256Hex } from '../values/content-hash.js';

/**
 * `pikaci-` and the first 12 hex digits of sha256(`<run>:<job>`): one job of one run has one machine, whoever asks, and the
 * name fits Incus's rule (1 to 63 of `[A-Za-z0-9-]`).
 */
export function incusInstanceName(runId: string, jobId: string): string {
  return `pikaci-${sha256Hex(`${runId}:${jobId}`).slice(0, 12)}`;
}
