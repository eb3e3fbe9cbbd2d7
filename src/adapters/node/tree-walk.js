// @ts-check
// Plain JavaScript, as tree-hash.js is, and for the same reason.
import { opendirSync } from 'node:fs';
import { exclusion } from './exclusion.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * Relative paths of all that is not a directory below `root`; links are not followed.
 * @param {import('./tree-hash-types.js').TreeHashRequest} request
 * @param {import('./tree-hash-types.js').TreeHashControl} control
 * @returns {string[] | Exclude<import('./tree-hash-types.js').TreeHashAnswer, { kind: 'hashed' }>}
 */
export function walkTree(request, control) {
  const isExcluded = exclusion(request.exclude);
  /** @type {string[]} */
  const found = [];
  const waiting = [''];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    if (control.cancelled()) return fault('aborted', request.root, 'the scan was cancelled');
    try {
      const directory = opendirSync(below === '' ? request.root : `${request.root}/${below}`, {
        encoding: /** @type {BufferEncoding} */ ('buffer'),
      });
      try {
        for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
          const raw = /** @type {Buffer} */ (/** @type {unknown} */ (entry.name));
          let name;
          try {
            name = utf8.decode(raw);
          } catch {
            const shown = below === '' ? raw.toString() : `${below}/${raw.toString()}`;
            return fault(
              'unsupported_name',
              shown,
              `the name ${JSON.stringify(shown)} is not UTF-8; rename it`,
            );
          }
          const path = below === '' ? name : `${below}/${name}`;
          if (isExcluded(path)) continue;
          if (entry.isDirectory()) waiting.push(path);
          else found.push(path);
        }
      } finally {
        directory.closeSync();
      }
    } catch (cause) {
      const code = /** @type {NodeJS.ErrnoException} */ (cause).code;
      // Removed while the walk was on its way.
      if (below !== '' && (code === 'ENOENT' || code === 'ENOTDIR')) continue;
      if (below === '' && code === 'ENOENT') return fault('not_found', request.root, String(cause));
      return fault('unreadable', below === '' ? request.root : below, String(cause));
    }
    const budget = control.budget;
    if (budget !== null && found.length + waiting.length > budget.entries) return { kind: 'over_budget' };
  }
  return found;
}

/**
 * @param {import('../../ports/workspace-scanner.js').ScanFault['kind']} kind
 * @param {string} path
 * @param {string} message
 * @returns {{ kind: 'fault', fault: import('../../ports/workspace-scanner.js').ScanFault }}
 */
export function fault(kind, path, message) {
  return { kind: 'fault', fault: { kind, path, message } };
}
