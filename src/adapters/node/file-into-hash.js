// @ts-check
// Plain JavaScript, as tree-hash.js is, and for the same reason.
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';

const PIECE = 1024 * 1024;
// O_NONBLOCK: a FIFO that took the file's place must not hold the thread.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const GONE = new Set(['ENOENT', 'ENOTDIR']);
const buffer = Buffer.allocUnsafeSlow(PIECE);

/**
 * @typedef {{ kind: 'added', bytes: number, hash: import('node:crypto').Hash }} Added
 * @typedef {Added | { kind: 'absent' | 'skipped' | 'changed' | 'cancelled' | 'over_budget' }
 *   | { kind: 'unreadable', message: string }} Outcome
 */

/**
 * Adds one entry's record (the format is in tree-hash.js) to `hash` and hands back the hash to go on with; `hash` itself is
 * spoiled when the outcome is not `added` and the file was longer than one piece, so a copy is kept for that case.
 * @param {{ hash: import('node:crypto').Hash, root: string, path: string, maxBytes: number, cancelled: () => boolean }} input
 * @returns {Outcome}
 */
export function fileIntoHash({ hash, root, path, maxBytes, cancelled }) {
  const absolute = `${root}/${path}`;
  try {
    const before = lstatSync(absolute);
    if (before.isSymbolicLink()) {
      const target = readlinkSync(absolute, { encoding: 'buffer' });
      addHeader(hash, 'l', path, target.length);
      hash.update(target);
      return { kind: 'added', bytes: 0, hash };
    }
    if (!before.isFile()) return { kind: 'skipped' };
    if (before.size > maxBytes) return { kind: 'over_budget' };
    const fd = openSync(absolute, FLAGS);
    try {
      return readInto({ hash, path, before, fd, cancelled });
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
 * @param {{ hash: import('node:crypto').Hash, path: string, before: import('node:fs').Stats, fd: number, cancelled: () => boolean }} input
 * @returns {Outcome}
 */
function readInto({ hash, path, before, fd, cancelled }) {
  const kind = (before.mode & 0o100) === 0 ? 'f' : 'x';
  if (!isSame(before, fstatSync(fd))) return { kind: 'changed' };
  if (before.size < PIECE) {
    // Read whole before anything is added, so that a change leaves the hash as it was.
    const length = readFully(fd, before.size + 1);
    if (length !== before.size || !isSame(before, fstatSync(fd))) return { kind: 'changed' };
    addHeader(hash, kind, path, length);
    hash.update(buffer.subarray(0, length));
    return { kind: 'added', bytes: length, hash };
  }
  const going = hash.copy();
  addHeader(going, kind, path, before.size);
  let total = 0;
  for (let length = readFully(fd, PIECE); length > 0; length = readFully(fd, PIECE)) {
    if (cancelled()) return { kind: 'cancelled' };
    total += length;
    if (total > before.size) return { kind: 'changed' };
    going.update(buffer.subarray(0, length));
  }
  if (total !== before.size || !isSame(before, fstatSync(fd))) return { kind: 'changed' };
  return { kind: 'added', bytes: total, hash: going };
}

/**
 * @param {number} fd
 * @param {number} wanted at most PIECE
 * @returns {number} bytes now in `buffer`; fewer than wanted at the end of the file only
 */
function readFully(fd, wanted) {
  let filled = 0;
  while (filled < wanted) {
    const got = readSync(fd, buffer, filled, wanted - filled, null);
    if (got === 0) break;
    filled += got;
  }
  return filled;
}

/**
 * @param {import('node:fs').Stats} a
 * @param {import('node:fs').Stats} b
 */
function isSame(a, b) {
  return a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs && a.mode === b.mode;
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {'f' | 'x' | 'l'} kind
 * @param {string} path
 * @param {number} bytes
 */
function addHeader(hash, kind, path, bytes) {
  hash.update(`${kind} ${Buffer.byteLength(path)} ${bytes}\0${path}`);
}
