import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { escapeMessage } from '../../../src/adapters/cli/output/escape-control.js';
import { TerminalLines, TerminalStream } from '../../../src/adapters/cli/output/terminal-line.js';

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

  it('takes no more time for a long row of carriage returns before its end', () => {
    // With a time that grows with the square, each of these lines takes seconds.
    const line = `${'\r'.repeat(64 * 1024)}x`;
    expect(shown(...Array.from({ length: 64 }, () => line))).toEqual(Array.from({ length: 64 }, () => 'x'));
    expect(escapeMessage(`a${'\n'.repeat(64 * 1024)}b\n\n`, '')).toHaveLength(64 * 1024 + 2);
  });
});

/** What a terminal is given of chunks, one after another. */
const streamed = (...chunks: (string | Uint8Array)[]) => {
  const stream = new TerminalStream();
  return `${chunks.map((chunk) => stream.push(Buffer.from(chunk))).join('')}${stream.end()}`;
};

describe('a log that goes to a terminal as it comes', () => {
  it.each([
    ['plain text, a bar and lines of Windows', '10%\r20%\ra\tb €\r\nc', '10%\r20%\ra\tb €\r\nc'],
    ['movements and clearing', 'a\x1b[2J\x1b[1;1Hb\x1b[?1049hc\x1bcd', 'abcd'],
    ['titles, links, the clipboard', 'a\x1b]0;t\x07\x1b]52;c;eA==\x1b\\\x1b]8;;http://x\x07b', 'ab'],
    ['a title that has no end on its line', 'a\x1b]0;b\nc\x07', 'a0;b\nc\\x07'],
    ['other controls and marks of direction', '\x08\x9b2J\u202e\x07', '\\x08\\x9b2J\\u202e\\x07'],
    ['keyboard settings that look like colours', '\x1b[>4;2ma\x1b[?4mb', 'ab'],
    [
      'colours, which end with their line and begin again',
      '\x1b[31mred\n\non\n\x1b[0moff\nx',
      '\x1b[31mred\x1b[0m\n\n\x1b[31mon\x1b[0m\n\x1b[31m\x1b[0moff\x1b[0m\nx',
    ],
    ['a colour at the very end', '\x1b[1mx', '\x1b[1mx\x1b[0m'],
    ['a sequence that never ends', 'a\x1b[12', 'a12'],
  ])('%s, whole and byte by byte', (_title, log, expected) => {
    expect(streamed(log)).toBe(expected);
    expect(streamed(...[...Buffer.from(log)].map((byte) => Uint8Array.of(byte)))).toBe(expected);
  });

  it('gives out text at once, and holds nothing but a sequence or a character that has begun', () => {
    const stream = new TerminalStream();
    expect(stream.push(Buffer.from('Go on? \x1b[3'))).toBe('Go on? ');
    expect(stream.push(Buffer.from('1my\x1b]0;no title'))).toBe('\x1b[31my');
    expect(stream.pause()).toBe('\x1b[0m');
    expect(stream.push(Buffer.from('\x07es'))).toBe('\x1b[31mes');
    const euro = Buffer.from('€');
    expect(stream.push(euro.subarray(0, 2))).toBe('');
    expect(stream.push(euro.subarray(2))).toBe('€');
    expect(streamed(Uint8Array.of(0x61, 0xff, 0x9b))).toBe('a\ufffd\ufffd');
  });

  it('is the same however it is cut, and has nothing but text and colours', () => {
    const part = fc.oneof(
      fc.constantFrom(
        '\x1b',
        '\x1b[',
        '\x1b]',
        '\x1bP',
        '\x1b\\',
        '\x07',
        '\r',
        '\n',
        '\x9b',
        '31m',
        'J',
        '€',
      ),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 60 }), fc.array(fc.nat(40)), (parts, cuts) => {
        const log = Buffer.from(parts.join(''));
        const chunks: Uint8Array[] = [];
        let rest: Uint8Array = log;
        for (const cut of cuts) {
          chunks.push(rest.subarray(0, cut));
          rest = rest.subarray(cut);
        }
        const text = streamed(...chunks, rest);
        expect(text).toBe(streamed(log));
        expect(text.replace(/\x1b\[[0-9;:]*m/g, '').replace(/[\t\r\n]/g, '')).not.toMatch(
          /[\x00-\x1f\x7f-\x9f\u2028-\u202e]/,
        );
      }),
    );
  });

  it('passes over a sequence that is too long to hold, up to its end or that of its line', () => {
    for (const begin of ['\x1b]1337;', '\x1bPq']) {
      const chunk = 'x'.repeat(1000);
      const long = [begin, ...Array<string>(64).fill(chunk)];
      expect(streamed(...long, 'y\x1b\\text')).toBe('text');
      expect(streamed(...long, 'y\nnext')).toBe('\nnext');
      const stream = new TerminalStream();
      for (const one of long) expect(stream.push(Buffer.from(one))).toBe('');
      expect(stream.end()).toBe('');
    }
  });
});
