import type { TestReport } from '../../domain/job/test-report.js';
import type { FileStore } from '../../ports/file-store.js';
import type { TestCase } from './read-junit.js';
import { RecordedTests } from './recorded-tests.js';
import { type ReportsFound, readReportFiles } from './report-files.js';
import { TestTally } from './test-tally.js';

interface TestReportsFound extends ReportsFound {
  /** Gets all tests by name, for their history. */
  readonly testsFile: string;
  readonly mask: (text: string) => string;
}

/** Reads what a job has left of test results. */
export async function readTestReports(
  files: Pick<FileStore, 'readFile' | 'writeFile'>,
  { unmatched, testsFile, mask, ...found }: TestReportsFound,
): Promise<TestReport> {
  // The parser is loaded where there is something to parse.
  const { readJunit } = await import('./read-junit.js');
  const tally = new TestTally();
  const recorded = new RecordedTests(mask);
  const tell = (test: TestCase) => {
    tally.count(test);
    recorded.add(test);
  };
  const read = await readReportFiles(files, found, (bytes) => readJunit(bytes, tell));
  const written = await files.writeFile(testsFile, Buffer.from(`${JSON.stringify(recorded.file())}\n`));
  const notKept = written.isOk()
    ? []
    : [{ path: testsFile, message: `the history of its tests: ${written.error.message}` }];
  return tally.report({ ...read, problems: [...read.problems, ...notKept], unmatched });
}
