import { isUtf8 } from 'node:buffer';
import { err, ok, type Result } from 'neverthrow';
import type { ConfigProblem } from '../../../domain/config/config-fault.js';

const NEWLINE = 0x0a;

/** The text of a file, or where it is no UTF-8: a decoder would put signs of its own there, and nobody would be told. */
export function utf8Text(bytes: Uint8Array): Result<string, ConfigProblem> {
  const problem = (message: string, line = 1, column = 1) => err({ path: '', message, line, column });
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff))
    return problem('is UTF-16; save it as UTF-8');
  if (isUtf8(bytes)) return ok(Buffer.from(bytes).toString('utf8'));
  for (let line = 1, at = 0; ; line++) {
    const end = bytes.indexOf(NEWLINE, at);
    const text = bytes.subarray(at, end === -1 ? bytes.length : end);
    if (!isUtf8(text)) {
      const { column, byte } = firstBad(Buffer.from(text));
      const hex = byte.toString(16).padStart(2, '0');
      return problem(`the byte 0x${hex} is not UTF-8 here; save the file as UTF-8`, line, column);
    }
    at = end + 1;
  }
}

/** A decoder puts U+FFFD for what it cannot read; one that was written has three bytes of its own. */
function firstBad(line: Buffer): { readonly column: number; readonly byte: number } {
  const decoded = line.toString('utf8');
  for (let index = decoded.indexOf('\uFFFD'); ; index = decoded.indexOf('\uFFFD', index + 1)) {
    const offset = Buffer.byteLength(decoded.slice(0, index));
    const written = line.subarray(offset, offset + 3).equals(Buffer.from('\uFFFD'));
    if (!written) return { column: index + 1, byte: line[offset] ?? 0 };
  }
}
