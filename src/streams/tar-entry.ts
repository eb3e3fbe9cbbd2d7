import type { EntryContent } from '../ports/entry-content.js';
import { nameBytes } from './name-bytes.js';

const BLOCK = 512;
/** GNU tar pads what it writes to whole records. */
const RECORD = 20 * BLOCK;
const SHORT_NAME = 100;
const SECOND = 1_000_000_000n;
const OCTAL_SIZE = 8 ** 11;
const OCTAL_ID = 8 ** 7;

export interface TarOwner {
  readonly uid: number;
  readonly gid: number;
}

/** The blocks before an entry's content. `linkTo` is a link's target as it is written. */
export function tarEntryHead(
  path: string,
  { kind, bytes, mtimeNs }: Pick<EntryContent, 'kind' | 'bytes' | 'mtimeNs'>,
  more: { readonly owner: TarOwner; readonly linkTo?: Buffer },
): Buffer {
  const name = nameBytes(path);
  const target = more.linkTo ?? Buffer.alloc(0);
  const type = more.linkTo === undefined ? '0' : '2';
  const size = type === '0' ? bytes : 0;
  const time = BigInt(mtimeNs);
  const seconds = time / SECOND;
  const records: string[] = [];
  if (time < 0n || time % SECOND !== 0n || seconds >= OCTAL_SIZE)
    records.push(paxRecord('mtime', decimal(time)));
  if (size >= OCTAL_SIZE) records.push(paxRecord('size', String(size)));
  if (more.owner.uid >= OCTAL_ID) records.push(paxRecord('uid', String(more.owner.uid)));
  if (more.owner.gid >= OCTAL_ID) records.push(paxRecord('gid', String(more.owner.gid)));
  const blocks: Buffer[] = [];
  // Long names as GNU tar has them: those of pax would be taken for UTF-8 and turned into the host's character set.
  if (target.length > SHORT_NAME) blocks.push(longName('K', target));
  if (name.length > SHORT_NAME) blocks.push(longName('L', name));
  if (records.length > 0) blocks.push(extension('x', Buffer.from(records.join(''))));
  const mode = type === '2' ? 0o777 : kind === 'x' ? 0o755 : 0o644;
  const about = { name, target, type, size, mode, owner: more.owner };
  blocks.push(header({ ...about, seconds: time < 0n || seconds >= OCTAL_SIZE ? 0 : Number(seconds) }));
  return Buffer.concat(blocks);
}

/** What follows a content of so many bytes. */
export function tarPadding(bytes: number): Buffer {
  return Buffer.alloc((BLOCK - (bytes % BLOCK)) % BLOCK);
}

/** The end of an archive of which so many bytes are written. */
export function tarEnd(bytes: number): Buffer {
  const least = bytes + 2 * BLOCK;
  return Buffer.alloc(Math.ceil(least / RECORD) * RECORD - bytes);
}

interface Header {
  readonly name: Buffer;
  readonly target: Buffer;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly seconds: number;
  readonly owner: TarOwner;
}

function header({ name, target, type, size, mode, seconds, owner }: Header): Buffer {
  const block = Buffer.alloc(BLOCK);
  name.copy(block, 0, 0, SHORT_NAME);
  block.write(octal(mode, 7), 100, 'latin1');
  block.write(octal(owner.uid >= OCTAL_ID ? 0 : owner.uid, 7), 108, 'latin1');
  block.write(octal(owner.gid >= OCTAL_ID ? 0 : owner.gid, 7), 116, 'latin1');
  block.write(octal(size >= OCTAL_SIZE ? 0 : size, 11), 124, 'latin1');
  block.write(octal(seconds, 11), 136, 'latin1');
  block.write('        ', 148, 'latin1');
  block.write(type, 156, 'latin1');
  target.copy(block, 157, 0, SHORT_NAME);
  block.write('ustar\x0000', 257, 'latin1');
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${octal(sum, 6)}\0 `, 148, 'latin1');
  return block;
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0');
}

function longName(type: 'K' | 'L', name: Buffer): Buffer {
  return extension(type, Buffer.concat([name, Buffer.alloc(1)]));
}

function extension(type: string, content: Buffer): Buffer {
  const about = {
    name: Buffer.from('././@LongLink'),
    target: Buffer.alloc(0),
    type,
    mode: 0o644,
    seconds: 0,
  };
  const head = header({ ...about, size: content.length, owner: { uid: 0, gid: 0 } });
  return Buffer.concat([head, content, tarPadding(content.length)]);
}

/** "<length> <key>=<value>\n", whose length counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`;
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return `${length}${rest}`;
}

function decimal(time: bigint): string {
  const positive = time < 0n ? -time : time;
  const fraction = String(positive % SECOND).padStart(9, '0');
  return `${time < 0n ? '-' : ''}${positive / SECOND}.${fraction}`;
}
