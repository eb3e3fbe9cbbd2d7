import { describe, expect, it } from 'vitest';
import { declaredPayloadMountDeviceName } from '../../../../src/domain/mounts/mount-device-name.js';
import { payloadMountSchema } from '../../../../src/domain/mounts/payload-manifest.js';
import { clashingMount, validatePayloadMount } from '../../../../src/domain/mounts/payload-mount-rules.js';
import { SNAPSHOT_DEVICE_PREFIX, snapshotMountRecord } from '../../../../src/domain/mounts/snapshot-mount.js';
import { sampleIncusContext } from '../../../support/sample-contexts.js';

describe('the snapshot', () => {
  it('remote linux incus snapshot mount uses the declared mount contract', () => {
    const record = payloadMountSchema.parse(snapshotMountRecord());
    expect(SNAPSHOT_DEVICE_PREFIX).toBe('workspace-snapshot');
    expect(record).toEqual({
      name: 'workspace_snapshot_root',
      relative_path: '.',
      guest_path: '/workspace/snapshot',
      read_only: true,
    });
    const { shared } = sampleIncusContext();
    expect(validatePayloadMount(shared.remoteSnapshotDir, record)._unsafeUnwrap()).toEqual({
      name: 'workspace_snapshot_root',
      sourcePath: '/var/tmp/pikaci/runs/run/snapshot',
      guestPath: '/workspace/snapshot',
      readOnly: true,
    });
    expect(declaredPayloadMountDeviceName(SNAPSHOT_DEVICE_PREFIX, record.name)).toBe('workspac-5a7b54eb2b6');
  });

  it('is a mount like any other: a payload that wants its place is refused', () => {
    const snapshot = validatePayloadMount('/snapshot', snapshotMountRecord())._unsafeUnwrap();
    for (const guest_path of ['/workspace', '/workspace/snapshot', '/workspace/snapshot/target']) {
      const mount = { name: 'm', relative_path: '.', guest_path, read_only: true };
      const other = validatePayloadMount('/output', mount)._unsafeUnwrap();
      expect(clashingMount([snapshot], other)?.field).toBe('guest_path');
    }
  });
});
