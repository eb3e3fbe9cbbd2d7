import { unreachable } from '../../src/application/hosts/look-at-host.js';
import type { HostDocument, HostsDocument } from '../../src/domain/records/host-documents.js';

const AT = '2026-11-23T16:45:01.250Z';
const GiB = 1024 ** 3;

/** Two members of a cluster, of which one does not answer, with something of everything. `text` is what others have named. */
export function sampleHosts(text = 'ci'): HostsDocument {
  const whose = { instance_name: 'pikaci-0123456789ab', run_id: '20260101-000000-going', job_id: text };
  const kept = { bytes: 5 * GiB, last_used_at: AT, in_use: false };
  const machine = { ...whose, state: 'running' as const, asks: { cpu: 2, memory_bytes: 4 * GiB } };
  const times = { since: AT, lease_ends_at: AT };
  const first: HostDocument = {
    host: 'ci@builder-1.example:22',
    member: 'builder-1',
    state: 'online',
    problems: [],
    has: { cpu: 16, memory_bytes: 64 * GiB },
    asked: { cpu: 14.5, memory_bytes: 40 * GiB },
    free_disk_bytes: 812 * GiB,
    machines: [
      { ...machine, ...times },
      { ...machine, ...times, state: 'abandoned', asks: { cpu: 0, memory_bytes: 0 } },
      { ...machine, ...times, state: 'pooled', run_id: 'pool-x', job_id: 'waiting' },
    ],
    queue: [
      {
        ...whose,
        place: 1,
        priority: 5,
        since: AT,
        asks: { cpu: 4, memory_bytes: 0 },
        reason: `it asks for 4 cores; of 16 cores and 65536 MiB 7 machines have 14.5 cores ${text}`,
      },
    ],
    groups: [
      { group: `deploy-${text}`, run_id: 'first', goes_on: true, since: AT, waits_for: null },
      { group: `deploy-${text}`, run_id: 'second', goes_on: false, since: AT, waits_for: 'first' },
    ],
    templates: [{ name: text, key: 'ab'.repeat(32), ...kept }],
    caches: [{ key: `cargo-${text}`, scope: `untrusted:${text}`, ...kept, in_use: true }],
    snapshots: 12,
    left_out: 3,
  };
  const silent = unreachable({
    host: 'builder-2.example',
    member: 'builder-2',
    why: `it has not answered within 15 s ${text}`,
  });
  return { type: 'hosts', schema_version: 1, seen_at: AT, hosts: [first, silent] };
}
