import { nameText } from '../../streams/name-bytes.js';
import type { ByteReader } from './byte-reader.js';
import { isZeroBlock, parseTarHeader, TAR_BLOCK } from './tar-header.js';

/** Headers that only say something about the next entry; no `tar` needs more than three for one. */
const MOST_EXTENSIONS = 8;
/** Names longer than this are not believed: a guest could announce one of gigabytes. */
const LONGEST_EXTENSION = 64 * 1024;

export interface TarEntry {
  /** As `nameText` gives it. */
  readonly name: string;
  readonly kind: 'file' | 'directory' | 'symbolic_link' | 'hard_link' | 'other';
  readonly size: number;
  /** Somebody may execute it. */
  readonly executable: boolean;
}

export type TarStep =
  | { readonly kind: 'entry'; readonly entry: TarEntry }
  | { readonly kind: 'end' }
  /** The bytes ended before the archive did. */
  | { readonly kind: 'cut_short' }
  /** These bytes are no archive; more may follow. */
  | { readonly kind: 'broken'; readonly message: string };

/**
 * Reads an archive that a hostile guest may have made, header by header, holding no more than one header. The caller takes
 * or skips each entry's `size` bytes and then calls `padding`. Libraries were looked at and left: they hold extension
 * headers of any announced size in memory.
 */
export class TarReader {
  readonly #bytes: ByteReader;

  constructor(bytes: ByteReader) {
    this.#bytes = bytes;
  }

  async next(): Promise<TarStep> {
    let longName: string | undefined;
    for (let extensions = 0; ; extensions++) {
      const block = await this.#bytes.read(TAR_BLOCK);
      if (block === null) return { kind: 'cut_short' };
      if (isZeroBlock(block)) return { kind: 'end' };
      const header = parseTarHeader(block);
      if (header === null) return { kind: 'broken', message: 'a header of the archive is damaged' };
      if (!'LKxg'.includes(header.flag)) {
        const name = longName ?? header.name;
        const { flag, size, mode } = header;
        return {
          kind: 'entry',
          entry: { name, kind: entryKind(flag), size, executable: (mode & 0o111) !== 0 },
        };
      }
      if (extensions === MOST_EXTENSIONS) {
        return { kind: 'broken', message: 'the archive has extension headers and no entry behind them' };
      }
      if (header.size > LONGEST_EXTENSION)
        return { kind: 'broken', message: 'the archive holds an overlong name' };
      const extension = await this.#bytes.read(header.size);
      if (extension === null || !(await this.padding(header.size))) {
        return { kind: 'cut_short' };
      }
      if (header.flag === 'L') longName = nameText(untilNul(extension));
      if (header.flag === 'x') longName = paxPath(extension) ?? longName;
    }
  }

  /** Skips what fills an entry's last block. */
  padding(size: number): Promise<boolean> {
    return this.#bytes.skip((TAR_BLOCK - (size % TAR_BLOCK)) % TAR_BLOCK);
  }
}

function entryKind(flag: string): TarEntry['kind'] {
  switch (flag) {
    case '0':
    case '\0':
    case '7':
      return 'file';
    case '1':
      return 'hard_link';
    case '2':
      return 'symbolic_link';
    case '5':
      return 'directory';
    default:
      return 'other';
  }
}

function untilNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end === -1 ? bytes : bytes.subarray(0, end);
}

/** Records are `<length> <key>=<value>\n`; undefined when none names the path. */
function paxPath(bytes: Uint8Array): string | undefined {
  let at = 0;
  let path: string | undefined;
  while (at < bytes.length) {
    const space = bytes.indexOf(0x20, at);
    const length = space === -1 ? Number.NaN : Number(ascii(bytes.subarray(at, space)));
    if (!Number.isInteger(length) || length <= space - at || at + length > bytes.length) return path;
    const record = bytes.subarray(space + 1, at + length - 1);
    const equals = record.indexOf(0x3d);
    if (ascii(record.subarray(0, equals)) === 'path') path = nameText(record.subarray(equals + 1));
    at += length;
  }
  return path;
}

function ascii(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1');
}
