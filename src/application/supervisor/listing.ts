import { err, ok, type Result } from 'neverthrow';
import { anotherTurn } from '../../streams/filter-in-turns.js';
import { nameText } from '../../streams/name-bytes.js';
import type { BoundedBytes } from '../commands/bounded-bytes.js';
import type { GuestFault, GuestListing, ListedFile } from './guest.js';

/** `TYPE SIZE PATH`, as guest/README.md has it; supervisors before 0.2 gave the path alone. */
const ENTRY = /^([A-Za-z]|[0-9a-f]{4,8}) (\d{1,19}) (?=\/)/;

/** Entries that are read before others have their turn. */
const AT_ONCE = 1000;

/** Up to `most` files; a list that was cut short is told as one that goes on. */
export async function listingOf(
  answer: BoundedBytes,
  most: number,
): Promise<Result<GuestListing, GuestFault>> {
  const bytes = answer.bytes();
  const files: ListedFile[] = [];
  let at = 0;
  for (let end = bytes.indexOf(0); end !== -1 && files.length < most; end = bytes.indexOf(0, at)) {
    if (files.length % AT_ONCE === AT_ONCE - 1) await anotherTurn();
    files.push(listedFile(nameText(bytes.subarray(at, end))));
    at = end + 1;
  }
  const truncated = answer.overflowed || (files.length >= most && at < bytes.length);
  // Each name ends with a NUL: anything else is not a list.
  if (!truncated && at < bytes.length)
    return err({
      kind: 'refused',
      message: 'the supervisor in the guest: its answer to "list" is not a list',
    });
  return ok({ files, truncated });
}

function listedFile(entry: string): ListedFile {
  const [head = '', type = '', size = ''] = ENTRY.exec(entry) ?? [];
  if (head === '') return { path: entry, kind: 'unknown', size: null };
  return { path: entry.slice(head.length), kind: kindOf(type), size: Number(size) };
}

/** By the letters of `find -printf %y`, or the mode of stat(2) in hexadecimal. */
function kindOf(type: string): ListedFile['kind'] {
  const format = type.length === 1 ? type : Number.parseInt(type, 16) & 0o170000;
  switch (format) {
    case 'f':
    case 0o100000:
      return 'file';
    case 'd':
    case 0o040000:
      return 'directory';
    case 'l':
    case 0o120000:
      return 'symbolic_link';
    case 'x':
      return 'not_whole';
    default:
      return 'special';
  }
}

/** GNU tar: a file that gets shorter, or cannot be read, while it is packed is filled up with NULs, and named in C's quotes. */
const FILLED_UP = /^tar: "((?:[^"\\]|\\.)*)": (?:File shrank by|Read error at byte) /gm;

/** Absolute paths of the files that `pack` says it has filled up. */
export function filledUpFiles(stderr: string): string[] {
  return [...stderr.matchAll(FILLED_UP)].map(
    ([, name = '']) => `/${nameText(unquoted(name)).replace(/^\/+/, '')}`,
  );
}

const ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
};

/** Bytes: what is not ASCII comes in octal. */
function unquoted(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const [whole, octal, escaped] of text.matchAll(/\\(?:([0-7]{1,3})|(.))|[^\\]/gu)) {
    if (octal !== undefined) bytes.push(Number.parseInt(octal, 8) & 0xff);
    else if (escaped !== undefined)
      bytes.push(...(escaped in ESCAPES ? [ESCAPES[escaped] ?? 0] : Buffer.from(escaped)));
    else bytes.push(...Buffer.from(whole));
  }
  return Uint8Array.from(bytes);
}
