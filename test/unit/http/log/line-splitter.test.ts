import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LineSplitter, LONGEST_LINE } from '../../../../src/adapters/http/log/line-splitter.js';

const asText = ({
  number,
  offset,
  bytes,
  cut,
}: {
  number: number;
  offset: number;
  bytes: Uint8Array;
  cut: boolean;
}) => `${number}@${offset} ${Buffer.from(bytes).toString('latin1')}${cut ? '…' : ''}`;

describe('cutting a log into lines', () => {
  it('gives the same lines however the bytes come', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a\n]{0,9}$/)), (pieces) => {
        const whole = new LineSplitter(0, 1);
        const parts = new LineSplitter(0, 1);
        const atOnce = [...whole.push(Buffer.from(pieces.join('')))].map(asText);
        const inPieces = pieces.flatMap((piece) => [...parts.push(Buffer.from(piece))].map(asText));
        expect(inPieces).toEqual(atOnce);
        expect(parts.tail).toEqual(whole.tail);
        expect(parts.begun).toEqual(whole.begun);
        expect(parts.readTo).toBe(pieces.join('').length);
      }),
    );
  });

  it('keeps the beginning of a long line, and knows where the next one begins', () => {
    const splitter = new LineSplitter(10, 5);
    const piece = Buffer.alloc(LONGEST_LINE - 1, 'x');
    expect([...splitter.push(piece), ...splitter.push(piece), ...splitter.push(piece)]).toEqual([]);
    expect(splitter.tail?.bytes.length).toBe(LONGEST_LINE);
    const [line, next] = splitter.push(Buffer.from('y\nnext\n'));
    expect(line).toMatchObject({ number: 5, offset: 10, cut: true });
    expect(line?.bytes.length).toBe(LONGEST_LINE);
    expect(next).toMatchObject({ number: 6, offset: 10 + 3 * piece.length + 2, cut: false });
    expect(splitter.tail).toBeNull();
  });
});
