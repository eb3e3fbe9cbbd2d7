import { err, ok } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import type { ReapReport } from '../../../src/application/gc/reap-report.js';
import { reapOnAll } from '../../../src/composition/on-members.js';
import type { Services } from '../../../src/composition/wire-services.js';
import { must } from '../../../src/testing/contract/expect-result.js';

describe('reapOnAll', () => {
  it('tells what was removed on the host where the cluster does not answer, and that', async () => {
    const message = 'no available cowsql leader server found';
    const look = async () =>
      err({ kind: 'daemon', host: 'h', tried: 'GET /1.0/cluster/members', status: 500, message });
    const services = { members: { look } } as unknown as Services;
    const own = { deleted: ['pikaci-a'], alive: [], failed: [] } as unknown as ReapReport;
    const report = must(await reapOnAll(services, ok(own), {}));
    expect(report.deleted).toEqual(['pikaci-a']);
    expect(report.failed).toEqual([{ instance: 'the machines of the other members', message }]);
  });
});
