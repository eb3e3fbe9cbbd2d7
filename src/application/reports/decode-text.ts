import { isUtf8 } from 'node:buffer';
import { TextDecoder } from 'node:util';
import { err, ok, type Result } from 'neverthrow';

/** Bytes that are decoded before others have their turn. */
const PIECE = 64 * 1024;
/** In which a declaration is looked for. */
const START = 256;

/** The first bytes of what is no text, and what it is called. */
const NO_TEXT: readonly (readonly [string, string])[] = [
  ['1f8b', 'it is compressed with gzip; unpack it in the job'],
  ['28b52ffd', 'it is compressed with zstd; unpack it in the job'],
  ['fd377a585a00', 'it is compressed with xz; unpack it in the job'],
  ['425a68', 'it is compressed with bzip2; unpack it in the job'],
  ['504b0304', 'it is a ZIP archive; unpack it in the job'],
  ['fffe0000', 'it is in UTF-32, which is not read; write it in UTF-8'],
  ['0000feff', 'it is in UTF-32, which is not read; write it in UTF-8'],
  ['3c000000', 'it is in UTF-32, which is not read; write it in UTF-8'],
  ['0000003c', 'it is in UTF-32, which is not read; write it in UTF-8'],
  ['4c6fa794', 'it is in EBCDIC, which is not read; write it in UTF-8'],
];

/** What begins so is in this encoding, whatever it declares: https://www.w3.org/TR/xml/#sec-guessing */
const MARKED: readonly (readonly [string, string])[] = [
  ['efbbbf', 'utf-8'],
  ['fffe', 'utf-16le'],
  ['feff', 'utf-16be'],
  ['3c003f00', 'utf-16le'],
  ['003c003f', 'utf-16be'],
];

/**
 * What windows-1252 has from 0x80 to 0x9f. Node 20 decodes these as ISO-8859-1 has them (https://github.com/nodejs/node/issues/56542); where it
 * does not, nothing of this is left to replace.
 */
const WINDOWS_1252 =
  '\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f' +
  '\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178';

/** The text of a report. */
export interface ReportText {
  /** How it begins, without a mark of the byte order. */
  readonly start: string;
  /** Once, piece by piece. */
  readonly pieces: Iterable<string>;
  /** What is wrong with the bytes, once all pieces are read; they are read as U+FFFD. */
  problem(): string | null;
}

/**
 * A report in the encoding that it declares, `<?xml … encoding="…"?>`, or that its first bytes show: UTF-16 and UTF-8. One that says nothing is UTF-8.
 * Which names there are: https://encoding.spec.whatwg.org/#names-and-labels. The error says what else it is.
 */
export function decodeText(bytes: Uint8Array): Result<ReportText, string> {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, START));
  const begins = ([hex]: readonly [string, string]) => head.toString('hex').startsWith(hex);
  const other = NO_TEXT.find(begins);
  if (other !== undefined) return err(other[1]);
  if (bytes.length === 0) return err('it is empty');
  const declared = /^\s*<\?xml\s[^>]*?\bencoding\s*=\s*["']([^"'>]{1,60})["']/.exec(
    head.toString('latin1'),
  )?.[1];
  const named = MARKED.find(begins)?.[1] ?? declared ?? 'utf-8';
  const decoder = decoderOf(named);
  if (decoder === null)
    return err(`it declares the encoding ${JSON.stringify(named)}, which is not known; write it in UTF-8`);
  const { encoding } = decoder;
  if (encoding.startsWith('utf-16') && named === declared)
    return err(`it declares the encoding ${JSON.stringify(named)}, and is not in it; write it in UTF-8`);
  let isBroken = encoding === 'utf-8' && !isUtf8(bytes);
  function* pieces() {
    for (let at = 0; at < bytes.length; at += PIECE) {
      const last = at + PIECE >= bytes.length;
      const text = decoder?.decode(bytes.subarray(at, at + PIECE), { stream: !last }) ?? '';
      // Of UTF-8 it may be a character of the text.
      if (encoding !== 'utf-8' && text.includes('\ufffd')) isBroken = true;
      yield encoding === 'windows-1252' ? text.replace(/[\x80-\x9f]/g, inWindows1252) : text;
    }
  }
  const why = declared === named ? 'which it declares' : 'and it declares no other encoding';
  return ok({
    start: decoderOf(named)?.decode(head).slice(0, 64) ?? '',
    pieces: pieces(),
    problem: () =>
      isBroken
        ? `it has bytes that are not ${encoding.toUpperCase()}, ${why}; they were read as \ufffd`
        : null,
  });
}

function inWindows1252(character: string): string {
  return WINDOWS_1252[character.charCodeAt(0) - 0x80] ?? character;
}

function decoderOf(label: string): TextDecoder | null {
  try {
    return new TextDecoder(label);
  } catch {
    return null;
  }
}
