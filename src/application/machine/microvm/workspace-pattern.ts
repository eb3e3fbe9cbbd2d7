import { GUEST_WORKSPACE_DIR } from '../../../domain/machine/guest-paths.js';
import { extendedExpression, type Inexactness } from '../../../domain/patterns/extended-expression.js';
import type { Pattern } from '../../../domain/patterns/pattern.js';
import { isExclusion, PatternList } from '../../../domain/patterns/pattern-list.js';
import { patternsWithin } from '../../artifacts/artifact-globs.js';

/** What a guest sets aside of its workspace: a path that one of `wanted` matches and none of `unwanted`. Each is a line of bytes. */
export interface WorkspaceExpressions {
  readonly wanted: Uint8Array;
  readonly unwanted: Uint8Array;
}

/**
 * The artifact patterns of the workspace as extended regular expressions (POSIX 9.4) over `./path`, for the C locale. A microVM is switched
 * off before anybody collects, so its guest sets aside what may be asked for, and needs no patterns for that. Only where one holds a
 * `!(…)` is that more than what is asked for: the patterns themselves choose again among what comes.
 */
export function workspaceExpressions(patterns: readonly string[]): WorkspaceExpressions {
  const within = patternsWithin(GUEST_WORKSPACE_DIR, patterns).map(({ text }) => text);
  if (within.every(isExclusion)) return { wanted: new Uint8Array(0), unwanted: new Uint8Array(0) };
  const list = new PatternList(within);
  return {
    wanted: lines(
      list.wanted.map(({ pattern }) => pattern),
      'more',
    ),
    unwanted: lines(list.unwanted, 'less'),
  };
}

function lines(patterns: readonly Pattern[], inexact: Inexactness): Uint8Array {
  const expressions = patterns.flatMap(({ glob }) => extendedExpression(glob, inexact) ?? []);
  return Buffer.from(expressions.map((expression) => `^\\./${expression}$\n`).join(''), 'latin1');
}
