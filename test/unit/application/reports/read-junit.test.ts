import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readJunit, type TestCase } from '../../../../src/application/reports/read-junit.js';

async function read(xml: string | Uint8Array): Promise<{ tests: TestCase[]; problem: string | null }> {
  const tests: TestCase[] = [];
  const problem = await readJunit(Buffer.from(xml), (test) => tests.push(test));
  return { tests, problem };
}
const short = ({ suite, name, status, isFlaky, message, file, line, timeMs }: TestCase) => ({
  ...{ suite, name, status, message, file, line, timeMs },
  ...(isFlaky ? { isFlaky } : {}),
});
const passed = { status: 'passed', message: '', file: null, line: null };

describe('a report as it is written by', () => {
  it('vitest and jest-junit', async () => {
    const { tests, problem } = await read(`<?xml version="1.0" encoding="UTF-8" ?>
<testsuites name="vitest tests" tests="3" failures="1" errors="0" time="0.01">
  <testsuite name="test/sum.test.ts" timestamp="2026-01-01T00:00:00.000Z" hostname="h" tests="3" failures="1" errors="0" skipped="1" time="0.0049">
    <testcase classname="test/sum.test.ts" name="sum &gt; adds" time="0.0015"></testcase>
    <testcase classname="test/sum.test.ts" name="sum &gt; is wrong" time="1.5">
      <failure message="expected 3 to be 4 // Object.is equality" type="AssertionError">
AssertionError: expected 3 to be 4 // Object.is equality
 ❯ node_modules/vitest/dist/chunk.js:9:1
 ❯ /workspace/test/sum.test.ts:8:15
      </failure>
    </testcase>
    <testcase classname="test/sum.test.ts" name="sum &gt; later" time="0"><skipped/></testcase>
  </testsuite>
</testsuites>`);
    expect(problem).toBeNull();
    expect(tests.map(short)).toMatchObject([
      { suite: 'test/sum.test.ts', name: 'sum > adds', ...passed, timeMs: 1.5 },
      {
        ...{ suite: 'test/sum.test.ts', name: 'sum > is wrong', status: 'failed', timeMs: 1500 },
        ...{ file: 'test/sum.test.ts', line: 8 },
        message: expect.stringMatching(/^AssertionError: expected 3 to be 4/),
      },
      { name: 'sum > later', status: 'skipped', timeMs: 0 },
    ]);
  });

  it('pytest, with a file and a line of its own, and an error of a fixture', async () => {
    const { tests } = await read(
      `<?xml version="1.0" encoding="utf-8"?><testsuites><testsuite name="pytest" errors="1" failures="1" tests="2" time="1,234.5"><testcase classname="tests.test_a" name="test_x[1-2]" file="tests/test_a.py" line="4" time="1,234.5"><failure message="assert 1 == 2">def test_x():\n&gt;       assert 1 == 2\nE       assert 1 == 2\n\ntests/test_a.py:5: AssertionError</failure></testcase><testcase classname="tests.test_a" name="test_y" time="0.1"><error message="failed on setup with &quot;KeyError&quot;">stack</error></testcase></testsuite></testsuites>`,
    );
    expect(tests.map(short)).toMatchObject([
      { name: 'test_x[1-2]', status: 'failed', file: 'tests/test_a.py', line: 4, timeMs: 1234500 },
      { name: 'test_y', status: 'error', message: 'failed on setup with "KeyError"\nstack', file: null },
    ]);
  });

  it("Maven's surefire, with a test that passed when it was repeated and one that never did", async () => {
    const { tests } = await read(`<testsuite name="com.example.AppTest" tests="2">
<properties><property name="java.version" value="21"/></properties>
<testcase name="flaky" classname="com.example.AppTest" time="0.2"><flakyFailure message="first" type="E"><stackTrace>x</stackTrace></flakyFailure></testcase>
<testcase name="bad" classname="com.example.AppTest"><failure message="no" type="E"><![CDATA[E: no
at com.example.AppTest.bad(AppTest.java:17)]]></failure><rerunFailure message="no again" type="E"/><system-out>said &amp; done</system-out></testcase>
</testsuite>`);
    expect(tests.map(short)).toMatchObject([
      { name: 'flaky', status: 'passed', isFlaky: true, message: '' },
      {
        name: 'bad',
        status: 'failed',
        message: expect.stringMatching(/^E: no\n/),
        file: 'AppTest.java',
        line: 17,
      },
    ]);
  });

  it("Go's junit report and PHPUnit, whose suites stand in suites", async () => {
    const { tests } =
      await read(`<testsuites><testsuite name="outer" file="/workspace/tests/OuterTest.php"><testsuite name="pkg/inner">
<testcase name="TestA"><failure message="Failed">    a_test.go:9: got 1</failure></testcase></testsuite>
<testcase name="plain" classname=""/></testsuite></testsuites>`);
    expect(tests.map(short)).toMatchObject([
      {
        suite: 'pkg/inner',
        name: 'TestA',
        file: 'a_test.go',
        line: 9,
        message: 'Failed\na_test.go:9: got 1',
      },
      { suite: 'outer', name: 'plain', ...passed },
    ]);
  });
});

describe('a hostile report', () => {
  const bombs = `<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "${'&lol;'.repeat(10)}">]>`;
  const cases: readonly (readonly [string, string, RegExp])[] = [
    ['has no entity expanded', `${bombs}<testsuite><testcase name="&lol2;"/></testsuite>`, /entity/i],
    [
      'has no file included',
      `<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><testsuite><testcase name="a"><failure>&f;</failure></testcase></testsuite>`,
      /entity/i,
    ],
    ['is not read deeper than it needs to be', `<testsuite>${'<testsuite>'.repeat(100_000)}`, /64 deep/],
    ['is named when it is cut', '<testsuite><testcase name="a"/><testcase name=', /line 1/],
    ['is named when it is something else', '<html><body/></html>', /begins with <html>/],
    ['is named when it is empty', '', /it is empty/],
    ['is named when it has nothing', '<!-- -->', /no <testsuites>|Unclosed/],
    ['is named when it is no XML', '{"tests": 3}', /it is not XML: it begins with "\{\\"tests/],
    ['may not have a name of megabytes', `<testsuite name="${'x'.repeat(3_000_000)}"/>`, /buffer/i],
    [
      'may not have tests without end',
      `<testsuite>${'<testcase/>'.repeat(200_001)}</testsuite>`,
      /more than 200000 tests/,
    ],
  ];
  for (const [title, xml, problem] of cases) {
    it(title, async () => {
      const found = await read(xml);
      expect(found.problem).toMatch(problem);
      expect(JSON.stringify(found.tests[0] ?? null)).not.toContain('lollol');
    });
  }

  it('goes on behind a reference to a character that XML does not have', async () => {
    const { tests, problem } = await read(
      '<testsuite><testcase name="a&#27;"><failure message="&#27;[31mred">&#x1;</failure></testcase><testcase name="b"/></testsuite>',
    );
    expect(problem).toBeNull();
    expect(tests.map(({ name, message }) => [name, message])).toEqual([
      ['a&#27;', '&#27;[31mred\n&#x1;'],
      ['b', ''],
    ]);
  });

  it('keeps names and messages that a record takes, and what was read before it broke', async () => {
    const long = 'm'.repeat(60_000);
    const { tests, problem } = await read(
      `<testsuite><testcase name="${long}"><failure message="${long}">${long}</failure></testcase><testcase name="b"></wrong>`,
    );
    expect(problem).toMatch(/line 1/);
    expect(tests).toHaveLength(1);
    expect(tests[0]?.name).toHaveLength(500);
    expect(tests[0]?.message).toHaveLength(2000);
  });

  it('whatever it is, ends with tests or a problem, and never throws', async () => {
    const piece = fc.constantFrom(
      ...['<testsuite>', '</testsuite>', '<testcase name="a">', '</testcase>', '<failure>', '</failure>'],
      ...[
        '<![CDATA[',
        ']]>',
        '<!--',
        '-->',
        '&amp;',
        '&x;',
        '<',
        '>',
        '"',
        '\0',
        'é',
        '<?xml?>',
        '<skipped/>',
      ],
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(piece, fc.string()), { maxLength: 40 }), async (pieces) => {
        const { tests, problem } = await read(pieces.join(''));
        expect(Array.isArray(tests) && (problem === null || problem !== '')).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('is read in pieces that may cut a character in two', async () => {
    const filler = 'x'.repeat(64 * 1024 - 45);
    const { tests, problem } = await read(
      `<testsuite><!--${filler}--><testcase name="é€😀é€😀é€😀"/></testsuite>`,
    );
    expect(problem).toBeNull();
    expect(tests[0]?.name).toBe('é€😀é€😀é€😀');
  });
});

describe('a report in another encoding', () => {
  const xml = (encoding: string) =>
    `<?xml version="1.0" ${encoding}?><testsuite><testcase name="é€ä"><failure message="ü"/></testcase></testsuite>`;
  const utf16 = (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le');
  const read8859 = (text: string) => Buffer.from(text.replaceAll('€', '\x80'), 'latin1');
  const readable: readonly (readonly [string, Buffer])[] = [
    ['of Windows', read8859(xml('encoding="windows-1252"'))],
    ['of ISO, in single quotes', read8859(xml("encoding = 'ISO-8859-1'"))],
    ['UTF-16 with a mark', utf16(xml('encoding="UTF-16"'))],
    ['UTF-16 that a shell made of UTF-8', utf16(xml('encoding="UTF-8"'))],
    ['UTF-16 of the other order', utf16(xml('encoding="utf-16"')).swap16()],
    ['UTF-16 without a mark', utf16(xml('')).subarray(2)],
    ['UTF-8 with a mark', Buffer.from(`\ufeff${xml('encoding="utf-8"')}`)],
  ];
  it.each(readable)('is read in it: %s', async (_, bytes) => {
    const { tests, problem } = await read(bytes);
    expect(problem).toBeNull();
    expect(tests.map(({ name, message }) => [name, message])).toEqual([['é€ä', 'ü']]);
  });

  const refused: readonly (readonly [string, Buffer, RegExp])[] = [
    ['gzip', gzipSync(xml('')), /compressed with gzip/],
    ['a ZIP archive', Buffer.from('PK\x03\x04\x14\0'), /ZIP archive/],
    ['UTF-32', Buffer.from('fffe00003c000000', 'hex'), /UTF-32/],
    ['a name that nobody knows', Buffer.from(xml('encoding="x-mine"')), /the encoding "x-mine"/],
    ['a name that is not true', Buffer.from(xml('encoding="UTF-16"')), /"UTF-16", and is not in it/],
    ['a picture', Buffer.from('\x89PNG\r\n\x1a\n\0', 'latin1'), /not XML: it begins with/],
  ];
  it.each(refused)('is refused with what it is: %s', async (_, bytes, problem) => {
    expect(await read(bytes)).toEqual({ tests: [], problem: expect.stringMatching(problem) });
  });

  it('that it does not say is read, and told', async () => {
    const { tests, problem } = await read(read8859(xml('')));
    expect(tests).toHaveLength(1);
    expect(problem).toMatch(/bytes that are not UTF-8, and it declares no other encoding/);
    const declared = await read(
      Buffer.concat([Buffer.from(xml('encoding="shift_jis"')), Buffer.from([0xff])]),
    );
    expect(declared.tests).toHaveLength(1);
  });
});
