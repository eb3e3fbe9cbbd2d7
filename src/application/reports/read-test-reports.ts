import type { TestReport } from '../../domain/job/test-report.js';
import type { FileStore } from '../../ports/file-store.js';
import type { TestCase } from './read-junit.js';
import { RecordedTests } from './recorded-tests.js';
import { TestTally } from './test-tally.js';

/** Of one report, in bytes; of all of a job four times as much. */
const MOST_BYTES = 64 * 1024 * 1024;

interface Reports {
  /** Where the files lie. */
  readonly directory: string;
  /** Relative to it. */
  readonly paths: readonly string[];
  /** Patterns that matched none. */
  readonly unmatched: readonly string[];
  /** Gets all tests by name, for their history. */
  readonly testsFile: string;
  readonly mask: (text: string) => string;
}

/** Reads what a job has left of test results. It is a guest's word: what cannot be read is named, and costs nothing else. */
export async function readTestReports(
  files: Pick<FileStore, 'readFile' | 'writeFile'>,
  { directory, paths, unmatched, testsFile, mask }: Reports,
): Promise<TestReport> {
  // The parser is loaded where there is something to parse.
  const { readJunit } = await import('./read-junit.js');
  const tally = new TestTally();
  const recorded = new RecordedTests(mask);
  const tell = (test: TestCase) => {
    tally.count(test);
    recorded.add(test);
  };
  let left = 4 * MOST_BYTES;
  for (const path of paths) {
    const maxBytes = Math.min(MOST_BYTES, left);
    const read = await files.readFile(`${directory}/${path}`, { maxBytes });
    if (read.isErr()) {
      const tooLarge = `it has more than the ${maxBytes} bytes that are read of reports`;
      tally.problem(path, read.error.kind === 'too_large' ? tooLarge : read.error.message);
      continue;
    }
    left -= read.value.length;
    const parsed = await readJunit(read.value, tell);
    if (parsed.isErr()) tally.problem(path, parsed.error);
    else tally.readWhole();
  }
  const written = await files.writeFile(testsFile, Buffer.from(`${JSON.stringify(recorded.file())}\n`));
  if (written.isErr())
    tally.problem(testsFile, `the tests could not be kept for their history: ${written.error.message}`);
  return tally.report(unmatched);
}
