// @ts-check
// Plain JavaScript, as tree-hash.js is, and for the same reason.
import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { filePath } from '../../streams/name-bytes.js';

const PIECE = 1024 * 1024;
// O_NONBLOCK: a FIFO that took the file's place must not hold the thread.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const GONE = new Set(['ENOENT', 'ENOTDIR']);
const buffer = Buffer.allocUnsafeSlow(PIECE);

/**
 * @typedef {import('../../ports/entry-content.js').EntryContent} EntryContent
 * @typedef {{ kind: 'read', content: EntryContent } | { kind: 'absent' | 'skipped' | 'changed' | 'cancelled' | 'over_budget' }
 *   | { kind: 'unreadable', message: string }} Outcome
 */

/**
 * Reads one entry. A file that grows meanwhile is taken as long as it was when it was opened.
 * @param {{ root: string, path: string, maxBytes: number, cancelled: () => boolean }} input
 * @returns {Outcome}
 */
export function entryContent({ root, path, maxBytes, cancelled }) {
  const absolute = filePath(root, path);
  try {
    const before = lstatSync(absolute, { bigint: true });
    if (before.isSymbolicLink()) {
      const target = readlinkSync(absolute, { encoding: 'buffer' });
      const sha256 = createHash('sha256').update(target).digest('hex');
      return { kind: 'read', content: { kind: 'l', bytes: target.length, mtimeNs: '0', sha256 } };
    }
    if (!before.isFile()) return { kind: 'skipped' };
    if (before.size > maxBytes) return { kind: 'over_budget' };
    const fd = openSync(absolute, FLAGS);
    try {
      return readFrom({ before, fd, cancelled });
    } finally {
      closeSync(fd);
    }
  } catch (cause) {
    const code = /** @type {NodeJS.ErrnoException} */ (cause).code ?? '';
    if (GONE.has(code)) return { kind: 'absent' };
    // It was a link when it was opened, or no link any more when it was read.
    if (code === 'ELOOP' || code === 'EINVAL') return { kind: 'changed' };
    return { kind: 'unreadable', message: String(cause) };
  }
}

/**
 * @param {{ before: import('node:fs').BigIntStats, fd: number, cancelled: () => boolean }} input
 * @returns {Outcome}
 */
function readFrom({ before, fd, cancelled }) {
  const bytes = Number(before.size);
  if (!isSame(before, fstatSync(fd, { bigint: true }))) return { kind: 'changed' };
  const hash = createHash('sha256');
  for (let left = bytes; left > 0; ) {
    if (left < bytes && cancelled()) return { kind: 'cancelled' };
    const got = readSync(fd, buffer, 0, Math.min(left, PIECE), null);
    if (got === 0) return { kind: 'changed' };
    hash.update(buffer.subarray(0, got));
    left -= got;
  }
  if (!isSame(before, fstatSync(fd, { bigint: true }))) return { kind: 'changed' };
  const kind = (before.mode & 0o100n) === 0n ? 'f' : 'x';
  return {
    kind: 'read',
    content: { kind, bytes, mtimeNs: String(before.mtimeNs), sha256: hash.digest('hex') },
  };
}

/**
 * @param {import('node:fs').BigIntStats} before
 * @param {import('node:fs').BigIntStats} now
 */
function isSame(before, now) {
  if (before.ino !== now.ino || before.mode !== now.mode) return false;
  return now.size > before.size || (now.size === before.size && now.mtimeNs === before.mtimeNs);
}
