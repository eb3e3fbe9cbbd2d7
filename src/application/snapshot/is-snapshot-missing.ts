import type { JobFault } from '../faults/job-fault.js';

const KINDS: ReadonlySet<JobFault['kind']> = new Set([
  'payload_refused',
  'host_files',
  'incus',
  'share_failed',
]);

/** Whether a launch may have failed because its snapshot was evicted after it had been staged: what it names is the snapshot. */
export function isSnapshotMissing({ kind, phase, message }: JobFault): boolean {
  return KINDS.has(kind) && phase !== 'stage_workspace_snapshot' && /\/snapshots\/[0-9a-f]{64}/.test(message);
}
