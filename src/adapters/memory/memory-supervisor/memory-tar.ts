import { nameBytes } from '../../../streams/name-bytes.js';

const BLOCK = 512;

/** A member of an archive. */
export interface MemoryTarEntry {
  readonly name: string;
  readonly content?: Uint8Array;
  /** The type flag; `0`, a file, when left out. */
  readonly flag?: string;
  /** What the header says, when that is not the content's length. */
  readonly size?: number;
  readonly linkName?: string;
  /** 0o644 when left out. */
  readonly mode?: number;
}

/** One member of a tar archive (POSIX.1-1988), as it is told; nothing is checked, so that a test can lie. */
export function tarEntry(entry: MemoryTarEntry): Buffer {
  const content = entry.content ?? new Uint8Array();
  const header = Buffer.alloc(BLOCK);
  nameBytes(entry.name).copy(header, 0, 0, 100);
  header.write(`${(entry.mode ?? 0o644).toString(8).padStart(7, '0')}\0`, 100);
  header.write('0000000\0', 108);
  header.write('0000000\0', 116);
  writeSize(header, entry.size ?? content.length);
  header.write('00000000000\0', 136);
  header.write('        ', 148);
  header.write(entry.flag ?? '0', 156, 1, 'latin1');
  header.write(entry.linkName ?? '', 157, 100, 'utf8');
  header.write('ustar\0' + '00', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return Buffer.concat([header, content, Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK)]);
}

/** Two blocks of zeroes. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** Octal where it fits, else GNU's base 256. */
function writeSize(header: Buffer, size: number): void {
  if (size < 8 ** 11) {
    header.write(`${size.toString(8).padStart(11, '0')}\0`, 124);
    return;
  }
  header[124] = 0x80;
  header.writeBigUInt64BE(BigInt(size), 128);
}
