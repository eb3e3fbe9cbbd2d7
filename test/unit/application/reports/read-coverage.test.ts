import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readCoverage } from '../../../../src/application/reports/read-coverage.js';
import { coverageOf, coverageText } from '../../../../src/domain/job/coverage-report.js';

async function read(text: string) {
  const told = await readCoverage(Buffer.from(text));
  return told.isOk() ? told.value : told.error;
}

describe('a coverage report', () => {
  const reports: readonly (readonly [string, string, object])[] = [
    [
      'of Cobertura, by its sums',
      `<?xml version="1.0"?><!DOCTYPE coverage SYSTEM "http://x/coverage-04.dtd"><coverage line-rate="0.5" lines-covered="5" lines-valid="10"><packages><package><classes><class name="a"><methods/><lines><line number="1" hits="1"/></lines></class></classes></package></packages></coverage>`,
      { covered: 5, total: 10 },
    ],
    [
      'of Cobertura, by its lines where it has no sums, those of methods once',
      `<coverage line-rate="0.5"><packages><package><classes><class><methods><method><lines><line number="1" hits="1"/></lines></method></methods><lines><line number="1" hits="1"/><line number="2" hits="0"/></lines></class></classes></package></packages></coverage>`,
      { covered: 1, total: 2 },
    ],
    [
      'of JaCoCo, by the counter of the whole',
      `<report name="x"><package name="p"><counter type="LINE" missed="9" covered="9"/></package><counter type="INSTRUCTION" missed="1" covered="1"/><counter type="LINE" missed="3" covered="7"/></report>`,
      { covered: 7, total: 10 },
    ],
    [
      'of Clover',
      `<coverage generated="1"><project><metrics statements="8" coveredstatements="6" elements="1"/><file><metrics statements="1" coveredstatements="1"/></file></project></coverage>`,
      { covered: 6, total: 8 },
    ],
    [
      'of LCOV, by its sums',
      'TN:\nSF:a.ts\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\nSF:b.ts\r\nLF:3\r\nLH:3\r\nend_of_record\r\n',
      { covered: 4, total: 5 },
    ],
    ['of LCOV, by its lines', 'SF:a\nDA:1,12\nDA:2,0\nDA:3,1,x\nend_of_record', { covered: 2, total: 3 }],
  ];
  for (const [title, text, lines] of reports)
    it(title, async () => {
      expect(await read(text)).toEqual(lines);
      expect(await read(`\ufeff${text}`)).toEqual(lines);
    });

  it('that is none of these, or lies, is named', async () => {
    expect(await read('')).toBe('it is empty');
    expect(await read('coverage: 81%')).toMatch(/none of/);
    expect(await read('<testsuite/>')).toMatch(/begins with <testsuite>/);
    expect(await read('<coverage line-rate="1"/>')).toMatch(/says nothing of lines/);
    expect(await read('<coverage lines-covered="11" lines-valid="10"/>')).toBe(
      'it says that 11 of 10 lines were run',
    );
    expect(await read('<coverage lines-covered="1e3" lines-valid="-1"/>')).toMatch(/says nothing of lines/);
    expect(await read('<coverage lines-covered="1" lines-valid="2">')).toMatch(/Unclosed root tag/);
    expect(await read('LF:1\nLH:9\nend_of_record')).toBe('it says that 9 of 1 lines were run');
  });

  it('that was cut counts what is whole, and says so', async () => {
    const whole = 'TN:\nSF:a\nDA:1,1\nDA:2,0\nLF:2\nLH:1\nend_of_record\n';
    const told = {
      covered: 1,
      total: 2,
      problem: expect.stringMatching(/was cut: .* the 1 before it count/),
    };
    for (const cut of ['SF:b\nDA:1,1\nLF:9\nLH:9\n', 'SF:', 'SF:b\nend_of_rec'])
      expect(await read(`${whole}${cut}`)).toEqual(told);
    expect(await read(`${whole}TN:\n\n`)).toEqual({ covered: 1, total: 2 });
    expect(await read('SF:a\nDA:1,1\n')).toBe('it is LCOV that was cut before its first end_of_record');
  });

  it('counts of each record its sums, or else its lines', async () => {
    const mixed = 'SF:a\nLF:4\nLH:2\nend_of_record\nSF:b\nDA:1,1\nDA:2,0\nend_of_record\n';
    expect(await read(mixed)).toEqual({ covered: 3, total: 6 });
  });

  it('in UTF-16 is read, and one that is compressed is named', async () => {
    const lcov = 'SF:a\nDA:1,1\nend_of_record\n';
    const of = async (bytes: Buffer) => readCoverage(bytes);
    expect((await of(Buffer.from(`\ufeff${lcov}`, 'utf16le')))._unsafeUnwrap()).toEqual({
      covered: 1,
      total: 1,
    });
    expect((await of(gzipSync(lcov)))._unsafeUnwrapErr()).toMatch(/gzip/);
  });

  it('has a mark beside it where a file is not in it', () => {
    const report = { files: 1, lines_covered: 1, lines_total: 2, unread: 1 };
    expect(coverageText(report)).toBe('50.0 % of 2 lines \u26a0 1 report not read whole');
    expect(coverageText({ ...report, lines_total: 0, unread: 2 })).toBe(
      'no lines \u26a0 2 reports not read whole',
    );
  });

  it('is 100 % only when every line was run', () => {
    const report = { files: 1, lines_covered: 99_999, lines_total: 100_000 };
    expect(coverageText(report)).toBe('99.9 % of 100000 lines');
    expect(coverageText({ ...report, lines_covered: 100_000 })).toBe('100.0 % of 100000 lines');
    expect(coverageText({ ...report, lines_covered: 0, lines_total: 0 })).toBe('no lines');
    expect(coverageOf([report, undefined, { ...report, lines_covered: 1 }])).toBe(0.5);
  });
});
