import { LONGEST_MESSAGE, LONGEST_NAME } from '../../domain/job/test-report.js';
import { type Attributes, readXml, type XmlHandler } from './read-xml.js';

/** One test as its report has it. */
export interface TestCase {
  readonly suite: string;
  readonly name: string;
  readonly status: 'passed' | 'failed' | 'error' | 'skipped';
  /** Passed when it was repeated. */
  readonly isFlaky: boolean;
  readonly message: string;
  readonly file: string | null;
  readonly line: number | null;
  readonly timeMs: number | null;
}

const MOST_TESTS = 200_000;

/** What an element in a test case says of it; what is repeated until it passes says it of an attempt. */
const OUTCOMES: Readonly<Record<string, 'failed' | 'error' | 'skipped' | 'attempt'>> = {
  failure: 'failed',
  error: 'error',
  skipped: 'skipped',
  // Of Maven's surefire and Gradle, https://maven.apache.org/surefire/maven-surefire-plugin/xsd/surefire-test-report.xsd
  flakyFailure: 'attempt',
  flakyError: 'attempt',
};

/** What is read of an element's attributes, whichever it is. */
type Given = {
  readonly [name in
    | 'name'
    | 'classname'
    | 'file'
    | 'filepath'
    | 'line'
    | 'time'
    | 'message'
    | 'type']?: string;
};

interface Suite {
  readonly name: string;
  readonly file: string | null;
}

interface OpenCase {
  readonly attributes: Given;
  status: TestCase['status'];
  isFlaky: boolean;
  told: string;
  text: string;
}

/**
 * The tests of a report in JUnit's format (https://github.com/testmoapp/junitxml), told one by one as they are read.
 * What is returned is what is wrong, or null: see `readXml`.
 */
export async function readJunit(bytes: Uint8Array, tell: (test: TestCase) => void): Promise<string | null> {
  const reader = new JunitReader(tell);
  const read = await readXml(bytes, reader);
  if (read.isErr()) return read.error;
  return reader.isReport ? read.value : 'it has no <testsuites> or <testsuite>';
}

class JunitReader implements XmlHandler {
  readonly #tell: (test: TestCase) => void;
  readonly #suites: Suite[] = [];
  #case: OpenCase | null = null;
  /** Of the case, while its text is read. */
  #outcome: string | null = null;
  #tests = 0;
  isReport = false;

  constructor(tell: (test: TestCase) => void) {
    this.#tell = tell;
  }

  opened(name: string, given: Attributes, open: readonly string[]): string | null {
    if (open.length === 1) {
      if (name !== 'testsuites' && name !== 'testsuite')
        return `it begins with <${name.slice(0, 40)}>, not with <testsuites> or <testsuite>`;
      this.isReport = true;
    }
    const { name: suite = '', file, filepath } = given as Given;
    if (name === 'testsuite') this.#suites.push({ name: suite, file: file ?? filepath ?? null });
    else if (name === 'testcase' && this.#case === null) {
      this.#case = { attributes: given, status: 'passed', isFlaky: false, told: '', text: '' };
    } else if (this.#case !== null && open.at(-2) === 'testcase')
      this.#outcomeOpened(this.#case, name, given);
    return null;
  }

  #outcomeOpened(test: OpenCase, name: string, { message = '', type = '' }: Given): void {
    const outcome = OUTCOMES[name];
    if (outcome === undefined) return;
    if (outcome === 'attempt') {
      test.isFlaky = true;
      return;
    }
    // The first that says it has failed counts; one that was skipped has not failed.
    if (test.status === 'failed' || test.status === 'error') return;
    test.status = outcome;
    test.told = (message === '' ? type : message).slice(0, LONGEST_MESSAGE);
    this.#outcome = name;
  }

  text(text: string): void {
    const test = this.#case;
    if (test === null || this.#outcome === null || test.text.length >= LONGEST_MESSAGE) return;
    test.text += text.slice(0, LONGEST_MESSAGE - test.text.length);
  }

  closed(name: string, open: readonly string[]): string | null {
    if (name === 'testsuite') this.#suites.pop();
    else if (name === this.#outcome) this.#outcome = null;
    else if (name === 'testcase' && this.#case !== null && !open.includes('testcase')) {
      const test = this.#case;
      this.#case = null;
      if (++this.#tests > MOST_TESTS) return `it has more than ${MOST_TESTS} tests`;
      this.#tell(this.#caseOf(test));
    }
    return null;
  }

  #caseOf({ attributes, status, isFlaky, told, text }: OpenCase): TestCase {
    const suite = this.#suites.at(-1);
    const hasFailed = status === 'failed' || status === 'error';
    const message = messageOf(told, text);
    const at = hasFailed ? placeIn(text) : null;
    const file = attributes.file ?? suite?.file ?? at?.file ?? null;
    // A line of another file would mislead.
    const line =
      numberIn(attributes.line) ?? (at !== null && at.file === withoutWorkspace(file) ? at.line : null);
    return {
      suite: (attributes.classname || suite?.name || '').slice(0, LONGEST_NAME),
      name: (attributes.name ?? '').slice(0, LONGEST_NAME),
      status,
      isFlaky: isFlaky && status === 'passed',
      message: hasFailed ? message : '',
      file: hasFailed ? withoutWorkspace(file) : null,
      line: hasFailed && line !== null && Number.isInteger(line) && line > 0 ? line : null,
      timeMs: millisecondsIn(attributes.time),
    };
  }
}

/** What the element says in a word, and its text, which often begins with the same. */
function messageOf(told: string, text: string): string {
  const body = text.trim();
  const [first = ''] = body.split('\n');
  const both = [first.includes(told.trim()) ? '' : told, body].filter((part) => part !== '').join('\n');
  return (both === '' ? told : both).slice(0, LONGEST_MESSAGE);
}

/** Seconds, with or without commas between thousands. */
function millisecondsIn(time: string | undefined): number | null {
  const seconds = numberIn(time?.replaceAll(',', ''));
  return seconds === null || seconds < 0 ? null : Math.round(seconds * 1e6) / 1e3;
}

function numberIn(text: string | undefined): number | null {
  if (text === undefined || !/^\d{1,12}(?:\.\d{1,12})?(?:[eE]-?\d{1,2})?$/.test(text)) return null;
  return Number(text);
}

const PLACE = /^(?:file:\/\/)?([^:]{1,250}\.[A-Za-z0-9]{1,8}):(\d{1,7})(?::\d{1,7})?[:,.]?$/;
/** Of others, which a stack names first at times. */
const FOREIGN = /(?:^|\/)(?:node_modules|site-packages|node:internal)(?:\/|$)|^\/usr\/|^node:/;

/** The first place of a stack or a message that is not a library's: `src/a.ts:12:3`, `(/workspace/b.py:7)`, `c_test.go:9:`. */
function placeIn(text: string): { readonly file: string; readonly line: number } | null {
  for (const word of text.split(/[\s()"'<>[\]]+/)) {
    if (word.length > 300) continue;
    const [, file = '', line = ''] = PLACE.exec(word) ?? [];
    if (file !== '' && !FOREIGN.test(file))
      return { file: withoutWorkspace(file) ?? file, line: Number(line) };
  }
  return null;
}

function withoutWorkspace(file: string | null): string | null {
  return file?.replace(/^\/workspace\//, '').slice(0, LONGEST_NAME) ?? null;
}
