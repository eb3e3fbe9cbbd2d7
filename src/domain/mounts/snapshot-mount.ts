import { GUEST_WORKSPACE_DIR } from '../machine/guest-paths.js';
import type { PayloadMountRecord } from './payload-manifest.js';

export const SNAPSHOT_DEVICE_PREFIX = 'workspace-snapshot';

/** The workspace, expressed as a declared mount like every other: its output root is the staged snapshot. */
export function snapshotMountRecord(): PayloadMountRecord {
  return {
    name: 'workspace_snapshot_root',
    relative_path: '.',
    guest_path: GUEST_WORKSPACE_DIR,
    read_only: true,
  };
}
