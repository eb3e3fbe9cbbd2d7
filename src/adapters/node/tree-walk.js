// @ts-check
// Plain JavaScript, as tree-hash.js is, and for the same reason.
import { opendirSync } from 'node:fs';
import { filePath, nameText } from '../../streams/name-bytes.js';
import { exclusion } from './exclusion.js';

/**
 * Relative paths of all that is not a directory below `root`; links are not followed.
 * @param {import('./tree-hash-types.js').TreeHashRequest} request
 * @param {import('./tree-hash-types.js').TreeHashControl} control
 * @returns {string[] | Exclude<import('./tree-hash-types.js').TreeHashAnswer, { kind: 'hashed' }>}
 */
export function walkTree(request, control) {
  const isExcluded = exclusion(request.exclude ?? []);
  const rules = { isOut: isExcluded, isAllOut: isExcluded };
  /** @type {string[]} */
  const found = [];
  const waiting = [''];
  for (let below = waiting.pop(); below !== undefined; below = waiting.pop()) {
    if (control.cancelled()) return fault('aborted', request.root, 'the scan was cancelled');
    const problem = walkDirectory({ root: request.root, below, rules, found, waiting });
    if (problem !== null) return problem;
    const budget = control.budget;
    if (budget !== null && found.length + waiting.length > budget.entries) return { kind: 'over_budget' };
  }
  return found;
}

/**
 * Adds what one directory holds to `found`, and the directories in it to `waiting`.
 * @param {{ root: string, below: string, rules: import('./left-out.js').LeftOut, found: string[], waiting: string[] }} place
 * @returns {{ kind: 'fault', fault: import('../../ports/workspace-scanner.js').ScanFault } | null}
 */
export function walkDirectory({ root, below, rules, found, waiting }) {
  try {
    const directory = opendirSync(below === '' ? root : filePath(root, below), {
      encoding: /** @type {BufferEncoding} */ ('buffer'),
    });
    try {
      for (let entry = directory.readSync(); entry !== null; entry = directory.readSync()) {
        const name = nameText(/** @type {Buffer} */ (/** @type {unknown} */ (entry.name)));
        const path = below === '' ? name : `${below}/${name}`;
        if (entry.isDirectory()) {
          if (!rules.isAllOut(path)) waiting.push(path);
        } else if (!rules.isOut(path)) found.push(path);
      }
    } finally {
      directory.closeSync();
    }
  } catch (cause) {
    const code = /** @type {NodeJS.ErrnoException} */ (cause).code;
    // Removed while the walk was on its way.
    if (below !== '' && (code === 'ENOENT' || code === 'ENOTDIR')) return null;
    if (below === '' && code === 'ENOENT') return fault('not_found', root, String(cause));
    const advice = below === '' ? '' : '; make it readable, or leave it out (workspace.exclude)';
    const named = below === '' ? root : below;
    return fault('unreadable', named, `the directory ${named} could not be read: ${String(cause)}${advice}`);
  }
  return null;
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
