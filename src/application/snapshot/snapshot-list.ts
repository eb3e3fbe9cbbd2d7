import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { EntryContent } from '../../ports/entry-content.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { anotherTurn } from '../../streams/filter-in-turns.js';
import { nameBytes, nameText } from '../../streams/name-bytes.js';

/** Beside a staged snapshot: what it holds, as the very bytes of which its name is the hash, compressed. So it can be believed, or not. */
export const SNAPSHOT_LIST = 'pikaci-snapshot.list.gz';
const START = Buffer.from('pikaci-workspace-2\0');
const RECORD = /^([fxl]) (\d{1,9}) (\d{1,16}) (-?\d{1,20}) ([0-9a-f]{64})$/;
const NUL = 0;
const AT_ONCE = 1000;
/** Of the list, unpacked: some 3 million entries. */
const MOST_BYTES = 512 * 1024 * 1024;
const FAST = { level: 1 };
/** Of the list, as it lies on the host. */
export const MOST_LIST_BYTES = 256 * 1024 * 1024;

type Listed = Pick<WorkspaceSnapshot, 'contentHash' | 'entries' | 'contents'>;

/** Null for a snapshot whose hash is made in another way: nobody could check its list. */
export async function packList({ contentHash, entries, contents }: Listed): Promise<Uint8Array | null> {
  const parts: Buffer[] = [START];
  for (const [index, path] of entries.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await anotherTurn();
    const content = contents[index];
    if (content === undefined) return null;
    const { kind, bytes, mtimeNs, sha256 } = content;
    const name = nameBytes(path);
    parts.push(Buffer.from(`${kind} ${name.length} ${bytes} ${mtimeNs} ${sha256}\0`), name);
  }
  const list = Buffer.concat(parts);
  return hashOf(list) === contentHash ? promisify(gzip)(list, FAST) : null;
}

/** What a snapshot holds, by path; null when that is not the list of the snapshot of this hash. */
export async function unpackList(
  packed: Uint8Array,
  contentHash: string,
): Promise<ReadonlyMap<string, EntryContent> | null> {
  const list = await promisify(gunzip)(packed, { maxOutputLength: MOST_BYTES }).catch(() => null);
  if (list === null || hashOf(list) !== contentHash) return null;
  const held = new Map<string, EntryContent>();
  for (let at = START.length; at < list.length; ) {
    if (held.size % AT_ONCE === AT_ONCE - 1) await anotherTurn();
    const end = list.indexOf(NUL, at);
    if (end === -1) return null;
    const record = RECORD.exec(list.toString('latin1', at, end));
    if (record === null) return null;
    const [, kind, length = '', bytes = '', mtimeNs = '', sha256 = ''] = record;
    at = end + 1 + Number(length);
    const path = nameText(list.subarray(end + 1, at));
    held.set(path, { kind: kind as EntryContent['kind'], bytes: Number(bytes), mtimeNs, sha256 });
  }
  return held;
}

function hashOf(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
