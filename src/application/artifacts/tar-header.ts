import { nameText } from '../../streams/name-bytes.js';

/**
 * One 512-byte header block of a tar archive, as POSIX.1-1988 (ustar) has it, with GNU's base-256 sizes.
 * Source: POSIX.1-2017 `pax`, "ustar Interchange Format"; GNU tar manual, "Basic Tar Format".
 */
export interface TarHeader {
  /** As `nameText` gives it. */
  readonly name: string;
  /** The type flag: `0` or NUL file, `1` hard link, `2` symbolic link, `5` directory, `L` GNU long name, `x` pax … */
  readonly flag: string;
  readonly size: number;
  /** Permission bits, setuid and the like. */
  readonly mode: number;
}

export const TAR_BLOCK = 512;

export function isZeroBlock(block: Uint8Array): boolean {
  return block.every((byte) => byte === 0);
}

/** Null when the checksum or a number is wrong: this is not a tar header. */
export function parseTarHeader(block: Uint8Array): TarHeader | null {
  const mode = number(block, 100, 8);
  const size = number(block, 124, 12);
  const checksum = number(block, 148, 8);
  if (size === null || mode === null || checksum === null || checksum !== headerSum(block)) return null;
  const ustar = field(block, 257, 5);
  const prefix = ascii(ustar) === 'ustar' && block[262] === 0 ? field(block, 345, 155) : new Uint8Array(0);
  const name = nameText(field(block, 0, 100));
  return {
    name: prefix.length === 0 ? name : `${nameText(prefix)}/${name}`,
    flag: String.fromCharCode(block[156] ?? 0),
    size,
    mode,
  };
}

/** Up to the first NUL. */
function field(block: Uint8Array, at: number, length: number): Uint8Array {
  const whole = block.subarray(at, at + length);
  const end = whole.indexOf(0);
  return end === -1 ? whole : whole.subarray(0, end);
}

function number(block: Uint8Array, at: number, length: number): number | null {
  const first = block[at] ?? 0;
  if ((first & 0x80) !== 0) return base256(block.subarray(at, at + length));
  const text = ascii(field(block, at, length)).trim();
  return text === '' ? 0 : /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : null;
}

function ascii(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}

function base256(bytes: Uint8Array): number | null {
  if (bytes[0] !== 0x80) return null;
  let value = 0;
  for (const byte of bytes.subarray(1)) value = value * 256 + byte;
  return Number.isSafeInteger(value) ? value : null;
}

function headerSum(block: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < TAR_BLOCK; i++) sum += i >= 148 && i < 156 ? 32 : (block[i] ?? 0);
  return sum;
}
