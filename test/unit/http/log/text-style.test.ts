import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { colouredLine, styleAfter } from '../../../../src/adapters/http/log/coloured-line.js';
import { parsedPosition, positionText } from '../../../../src/adapters/http/log/log-position.js';
import { classesOf, PLAIN, styledBy } from '../../../../src/adapters/http/log/text-style.js';

const classes = (...parameters: string[]) => classesOf(parameters.reduce(styledBy, PLAIN));

describe('the style of text', () => {
  it.each([
    [['31'], 'fg-red'],
    [['1;31'], 'fg-red bold'],
    [['97', '104'], 'fg-bright-white bg-bright-blue'],
    [['38;5;3'], 'fg-yellow'],
    [['38;5;200;4'], 'fg-palette-200 underline'],
    [['38:5:200'], 'fg-palette-200'],
    [['48;2;255;0;0;1'], 'bg-palette-196 bold'],
    [['38:2::255:0:0'], 'fg-palette-196'],
    [['38:2:255:0:0'], 'fg-palette-196'],
    [['31', '7'], 'fg-ground bg-red'],
    [['7'], 'fg-ground bg-text'],
    [['1;2;3;4;9', '22;23;24;29'], ''],
    [['31;41', '39;49'], ''],
    [['31;1', ''], ''],
    [['31', '38;5;999'], 'fg-red'],
    [['31', '38;2;1'], 'fg-red'],
    [['8;5;21;73'], ''],
  ])('is what %j say: "%s"', (parameters, expected) => {
    expect(classes(...parameters)).toBe(expected);
  });

  it('never is a class that is not ours, whatever the parameters', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[0-9;:]{0,20}$/)), (parameters) => {
        expect(classes(...parameters)).toMatch(/^[a-z0-9 -]*$/);
        expect(classes(...parameters).split(' ').length).toBeLessThan(9);
      }),
    );
  });

  it('comes back from the position of a line', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^[0-9;]{0,20}$/),
        fc.nat(),
        fc.integer({ min: 1 }),
        (said, offset, number) => {
          const position = { offset, number, style: styledBy(PLAIN, said) };
          expect(parsedPosition(positionText(position))).toEqual(position);
        },
      ),
    );
  });

  it.each(['', 'x', '1', '1.2', '-1.1.', '1.1.<', '1.1.31m', '9999999999999999.1.', ' 1.1.', '1.1.31\n'])(
    'is not read from what is no position: %j',
    (text) => {
      expect(parsedPosition(text)).toBeNull();
    },
  );
});

describe('a line with colours', () => {
  it('goes on in its colour after sequences that have nothing to do with it', () => {
    const { pieces, after } = colouredLine('\u001b[01;31m\u001b[Kerror:\u001b[2C go\u001b(B on', PLAIN);
    expect(new Set(pieces.map((piece) => piece.classes))).toEqual(new Set(['fg-red bold']));
    expect(pieces.map((piece) => piece.text).join('')).toBe('error: go on');
    expect(classesOf(after)).toBe('fg-red bold');
  });

  it('leaves the style to the next that the whole text leaves', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('\u001b[31m', '\u001b[0m', '\u001b[1', '\u001b', 'm', 'x', '\u001b[7;4m')),
        (pieces) => {
          const text = pieces.join('');
          expect(colouredLine(text, PLAIN).after).toEqual(styleAfter(text, PLAIN));
        },
      ),
    );
  });

  it('takes time and room by its length alone', () => {
    const text = '\u001b[1;4mx\u001b[4mx'.repeat(10_000);
    const { pieces } = colouredLine(text, PLAIN);
    expect(pieces.length).toBe(20_000);
    expect(Math.max(...pieces.map((piece) => piece.classes.length))).toBeLessThan(20);
  });
});
