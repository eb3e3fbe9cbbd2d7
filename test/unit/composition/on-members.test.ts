import { err, ok, type Result } from 'neverthrow';
import { describe, expect, it } from 'vitest';
import type { JobFault } from '../../../src/application/faults/job-fault.js';
import type { ReapReport } from '../../../src/application/gc/reap-report.js';
import { keptOnAll, reapOnAll, recoverOnAll } from '../../../src/composition/on-members.js';
import type { Services } from '../../../src/composition/wire-services.js';
import { must, mustFail } from '../../../src/testing/contract/expect-result.js';

const RUN = { runId: 'run' };

function reported(name: string): ReapReport {
  const entry = { kind: 'kept_job', path: `/kept/${name}`, bytes: 1, lastUsedMs: 0, mounted: false } as const;
  return {
    deleted: [`machine-${name}`],
    alive: [],
    failed: [],
    keptJobs: [{ runId: 'run', jobId: name }],
    notKept: [{ instance: `other-${name}`, message: 'silent' }],
    abandoned: [],
    abandonedFailed: `${name}: not seen`,
    kept: { evicted: [entry], kept: { entries: 1, bytes: 1 }, failed: [] },
  };
}

const nothing: JobFault = { kind: 'no_such_job', phase: null, host: 'h', message: 'nothing is kept' };
const away: JobFault = { kind: 'host', phase: null, host: 'h', message: 'out of reach' };

/** What works on one member; `has` is what is kept there. */
function member(name: string, has: boolean, members: unknown = null): Services {
  const report = { recovered: [{ kept: { jobId: name } }], refused: [{ kept: { jobId: `not-${name}` } }] };
  return {
    members,
    reap: { reap: async () => ok(reported(name)) },
    recoverJobs: {
      list: async () => ok(has ? [{ jobId: name, keptAt: null, createdAt: name }] : []),
      recover: async () => (has ? ok(report) : err(nothing)),
    },
  } as unknown as Services;
}

/** The host's own, and another member, which may be out of reach. */
function cluster(own: boolean, other: Result<boolean, JobFault>): Services {
  const members = {
    look: async () => ok({ own: 'a', members: [{ name: 'a' }, { name: 'b' }] }),
    on: async () => other.map((has) => member('b', has)),
  };
  return member('a', own, members);
}

describe('what reapers have kept on the members of a cluster', () => {
  it('is listed and brought back of all of them', async () => {
    const both = cluster(true, ok(true));
    expect(must(await keptOnAll(both, undefined)).map(({ jobId }) => jobId)).toEqual(['b', 'a']);
    expect(must(await recoverOnAll(both, RUN))).toEqual({
      recovered: [{ kept: { jobId: 'a' } }, { kept: { jobId: 'b' } }],
      refused: [{ kept: { jobId: 'not-a' } }, { kept: { jobId: 'not-b' } }],
    });
    expect(must(await recoverOnAll(cluster(false, ok(true)), RUN)).recovered).toHaveLength(1);
    mustFail(await recoverOnAll(cluster(false, ok(false)), RUN), 'no_such_job');
  });

  it('is not said to be nothing where one is out of reach', async () => {
    mustFail(await keptOnAll(cluster(true, err(away)), undefined), 'host');
    mustFail(await recoverOnAll(cluster(false, err(away)), RUN), 'host');
    expect(must(await recoverOnAll(cluster(true, err(away)), RUN)).recovered).toHaveLength(1);
  });

  it('is in the report of the reaper, as all that was done there', async () => {
    const both = cluster(true, ok(true));
    expect(must(await reapOnAll(both, ok(reported('a')), {}))).toEqual({
      ...reported('a'),
      deleted: ['machine-a', 'machine-b'],
      keptJobs: [
        { runId: 'run', jobId: 'a' },
        { runId: 'run', jobId: 'b' },
      ],
      notKept: [
        { instance: 'other-a', message: 'silent' },
        { instance: 'other-b', message: 'silent' },
      ],
      abandonedFailed: 'a: not seen; b: not seen',
      kept: {
        evicted: [
          expect.objectContaining({ path: '/kept/a' }),
          expect.objectContaining({ path: 'b:/kept/b' }),
        ],
        kept: { entries: 2, bytes: 2 },
        failed: [],
      },
    });
  });
});

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
