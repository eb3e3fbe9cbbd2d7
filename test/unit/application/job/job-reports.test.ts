import { describe, expect, it } from 'vitest';
import { recordedOutcome } from '../../../../src/application/records/load-run-record.js';
import { must } from '../../../../src/testing/contract/expect-result.js';
import { memoryRun, WORKSPACE } from '../memory-run.js';

const input = { workspace: WORKSPACE, runId: 'run' } as const;
const XML = `<testsuite name="s"><testcase name="good"/><testcase name="bad" file="/workspace/a.ts" line="3"><failure message="wrong hunter22"/></testcase></testsuite>`;

async function reported(job: object, files: Record<string, string>, code = 0) {
  const run = await memoryRun({
    script: async ({ files: guest }) => {
      for (const [path, text] of Object.entries(files)) guest.write({ path, content: Buffer.from(text) });
      return code;
    },
  });
  const spec = { id: 'job', command: 'make', ...job };
  const { outcome } = must(await run.pikaci.runJob({ ...input, job: spec, events: run.sink }));
  return { run, outcome };
}

describe('the reports of a job', () => {
  it('come back with its artifacts, and their tests are in the outcome, the record and an event, with secrets masked', async () => {
    const { run, outcome } = await reported(
      { reports: { junit: ['/artifacts/*.xml'] }, secrets: { TOKEN: 'hunter22' } },
      { '/artifacts/junit.xml': XML, '/artifacts/other.txt': 'x' },
    );
    expect(outcome.artifacts.collected.map(({ path }) => path)).toEqual(['junit.xml']);
    const report = {
      ...{ files: 1, tests: 2, passed: 1, failed: 1, skipped: 0, flaky: 0 },
      failures: [{ suite: 's', name: 'bad', status: 'failed', message: 'wrong ***', file: 'a.ts', line: 3 }],
    };
    // What the tests found is not what the job came to.
    expect(outcome).toMatchObject({ status: 'passed', test_report: report });
    expect(JSON.parse(await run.state('job.json')).outcome).toEqual(outcome);
    expect(run.events.find(({ type }) => type === 'tests_reported')).toMatchObject({ report });
  });

  it('say what was covered, beside what its tests have found', async () => {
    const { run, outcome } = await reported(
      { reports: { coverage: ['/artifacts/*.info', '/artifacts/none'], junit: ['/artifacts/*.xml'] } },
      {
        '/artifacts/a.info': 'SF:a\nLF:4\nLH:3\nend_of_record\n',
        '/artifacts/b.info': 'SF:b\nLF:6\nLH:1\nend_of_record\n',
        '/artifacts/c.info': 'nothing',
        '/artifacts/junit.xml': XML,
      },
    );
    const report = {
      ...{ files: 2, lines_covered: 4, lines_total: 10, unmatched: ['/artifacts/none'] },
      problems: [{ path: 'c.info' }],
    };
    expect(outcome).toMatchObject({ status: 'passed', coverage_report: report, test_report: { tests: 2 } });
    expect(run.events.find(({ type }) => type === 'coverage_reported')).toMatchObject({ report });
  });

  it('are no artifacts that it requires', async () => {
    const { outcome } = await reported(
      {
        artifacts: { paths: ['/artifacts/*.txt'], required: true },
        reports: { junit: ['out/*.xml', '/artifacts/*.xml'] },
      },
      { '/artifacts/a.txt': 'x', '/artifacts/b.xml': 'no xml' },
    );
    expect(outcome).toMatchObject({
      status: 'passed',
      test_report: { files: 0, tests: 0, unmatched: ['out/*.xml'], problems: [{ path: 'b.xml' }] },
    });
    expect(outcome.artifacts).not.toHaveProperty('unmatched');
  });

  it('take a few hundred bytes of the record of their run, whatever they say: it has many jobs', async () => {
    const long = 'n'.repeat(500);
    const failures =
      `<testcase classname="${long}" name="${long}" time="1"><failure message="${'m'.repeat(3000)}"/></testcase>`.repeat(
        300,
      );
    const { outcome } = await reported(
      { reports: { junit: ['/artifacts/*.xml', 'none/*'], coverage: ['/artifacts/*.xml', 'no/*'] } },
      { '/artifacts/junit.xml': `<testsuite>${failures}</testsuite>` },
    );
    expect(outcome.test_report?.failures).toHaveLength(200);
    const { test_report, coverage_report } = recordedOutcome(outcome, 'incus');
    expect(test_report).toMatchObject({ tests: 300, failed: 300, failures: [], slowest: [] });
    expect(JSON.stringify([test_report, coverage_report]).length).toBeLessThan(300);
  });

  it('of a job that asks for none are not there', async () => {
    const { outcome } = await reported({ artifacts: ['/artifacts/**'] }, { '/artifacts/junit.xml': XML });
    expect(outcome).not.toHaveProperty('test_report');
  });

  it('take nothing away', async () => {
    const run = await memoryRun();
    const job = { id: 'job', command: 'make', reports: { junit: ['!/artifacts/x.xml'] } };
    const refused = await run.pikaci.runJob({ ...input, job });
    expect(refused.isErr() && refused.error.message).toMatch(/reports\.junit.*takes nothing away/s);
  });
});
