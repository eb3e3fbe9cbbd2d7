import { describe, expect, it } from 'vitest';
import { filePath, isUnicode, nameBytes, nameText } from '../../../src/streams/name-bytes.js';

describe('a file name of any bytes', () => {
  it.each<[string, readonly number[], string]>([
    ['Latin-1', [0x63, 0x61, 0x66, 0xe9], 'caf\udce9'],
    ['UTF-8', [...Buffer.from('\ufeffü😀')], '\ufeffü😀'],
    ['both', [...Buffer.from('😀'), 0xff, ...Buffer.from('ü'), 0xc3], '😀\udcffü\udcc3'],
    ['a character that was cut', [0xf0, 0x9f, 0x98, 0x41], '\udcf0\udc9f\udc98A'],
    ['half of a surrogate pair', [0xed, 0xb3, 0xbf], '\udced\udcb3\udcbf'],
    ['overlong slashes', [0xc0, 0xaf], '\udcc0\udcaf'],
    ['a list', [0x61, 0, 0xe9, 0, 0xc3, 0xa9, 0], 'a\0\udce9\0é\0'],
    ['nothing', [], ''],
  ])('comes back as it was: %s', (_, bytes, text) => {
    expect(nameText(Buffer.from(bytes))).toBe(text);
    expect([...nameBytes(text)]).toEqual(bytes);
  });

  it('comes back as it was, for all pairs of bytes', () => {
    for (let pair = 0; pair < 65_536; pair++) {
      const bytes = Buffer.from([pair >> 8, pair & 0xff]);
      if (!nameBytes(nameText(bytes)).equals(bytes)) throw new Error(bytes.toString('hex'));
    }
  });

  it('is a path of bytes only where it has to be', () => {
    expect(filePath('/r', 'ü')).toBe('/r/ü');
    expect(filePath('/r', '\udcff')).toEqual(Buffer.from([0x2f, 0x72, 0x2f, 0xff]));
    expect(isUnicode('😀')).toBe(true);
    expect(isUnicode('\udcff')).toBe(false);
  });
});
