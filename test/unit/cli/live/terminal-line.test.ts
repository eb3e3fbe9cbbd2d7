import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TerminalLines } from '../../../../src/adapters/cli/output/live/terminal-line.js';

const shown = (...lines: string[]) => {
  const log = new TerminalLines();
  return lines.map((line) => log.next(line));
};

describe('a line of log above the tree', () => {
  it.each([
    ['plain text', 'a\tb €', 'a\tb €'],
    ['a Windows line', 'a\r', 'a'],
    ['a bar that was written over', ' 10%\r 20%\r100%\r\r', '100%'],
    ['cursor movements and clearing', 'a\x1b[2J\x1b[1;1H\x1b[Kb\x1b[?1049hc', 'abc'],
    ['a title and a link', '\x1b]0;t\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\', 'alink'],
    ['a title that has no end', 'a\x1b]0;b', 'a0;b'],
    ['device control strings', 'a\x1bPq#0\x1b\\b\x1b_x\x1b\\c', 'abc'],
    ['short sequences', 'a\x1b7b\x1bcc\x1b(Bd\x1b', 'abcd'],
    [
      'other controls and marks of direction',
      'a\x07\x08\x0b\x9b2J\u202eb',
      'a\\x07\\x08\\x0b\\x9b2J\\u202eb',
    ],
  ])('%s', (_title, line, expected) => {
    expect(shown(line)).toEqual([expected]);
  });

  it('keeps colours, which end with it and begin again with the next', () => {
    expect(shown('\x1b[1;31mred', 'still', 'on\x1b[0m off', 'plain')).toEqual([
      '\x1b[1;31mred\x1b[0m',
      '\x1b[1;31mstill\x1b[0m',
      '\x1b[1;31mon\x1b[0m off\x1b[0m',
      'plain',
    ]);
    expect(shown('\x1b[31ma\x1b[0;32mb', 'c')[1]).toBe('\x1b[0;32mc\x1b[0m');
  });

  it('does not carry colours without end', () => {
    const [, next] = shown('\x1b[31m'.repeat(1000), 'x');
    expect(next?.length).toBeLessThan(200);
  });

  it('has no control but tabs and whole colours, and takes time in proportion to its length', () => {
    const hostile = fc.array(
      fc.oneof(
        fc.constantFrom(
          '\x1b',
          '\x1b[',
          '\x1b]',
          '\x1bP',
          '\x1b\\',
          '\x07',
          '\r',
          '\x9b',
          ';',
          '31m',
          '0',
          'J',
          '?',
          '\u2028',
        ),
        fc.string(),
      ),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(fc.array(hostile, { maxLength: 4 }), (lines) => {
        for (const line of shown(...lines.map((parts) => parts.join(''))))
          expect(line.replace(/\x1b\[[0-9;:]*m/g, '').replaceAll('\t', '')).not.toMatch(
            /[\x00-\x1f\x7f-\x9f\u2028-\u202e]/,
          );
      }),
    );
    for (const part of ['\x1b]', '\x1bP', '\x1b[', '\x1b[1;', '\r'])
      expect(shown(part.repeat(32 * 1024))[0]?.length).toBeLessThan(200 * 1024);
  });
});
