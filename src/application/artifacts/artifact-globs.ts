import picomatch from 'picomatch';
import { isExclusion } from '../../domain/job/artifact.js';
import {
  GUEST_ARTIFACTS_DIR,
  GUEST_SUPERVISOR_FILES,
  GUEST_WORKSPACE_DIR,
} from '../../domain/machine/guest-paths.js';

const SUPERVISOR_FILES = new Set(GUEST_SUPERVISOR_FILES.map((name) => `${GUEST_ARTIFACTS_DIR}/${name}`));

/**
 * What a job's artifact patterns ask for: absolute ones lie under `/artifacts`, the others under the workspace. One with a
 * `!` in front takes away from what the others ask for, wherever it stands.
 */
export class ArtifactGlobs {
  /** Guest directories below which a match can lie; no one is inside another. */
  readonly searchRoots: readonly string[];
  readonly #wanted: Matcher;
  readonly #unwanted: Matcher;

  constructor(patterns: readonly string[]) {
    const absolute = patterns.filter((pattern) => !isExclusion(pattern)).map(absolutePattern);
    const excluded = patterns.filter(isExclusion).map((pattern) => absolutePattern(pattern.slice(1)));
    this.#wanted = anyOf(absolute);
    this.#unwanted = anyOf(excluded);
    const roots = [...new Set(absolute.map((pattern) => literalBase(pattern)))];
    this.searchRoots = roots.filter(
      (root) => !roots.some((other) => other !== root && root.startsWith(`${other}/`)),
    );
  }

  /** `guestPath` is absolute. */
  matches(guestPath: string): boolean {
    return !SUPERVISOR_FILES.has(guestPath) && this.#wanted(guestPath) && !this.#unwanted(guestPath);
  }

  localPath(guestPath: string): string | null {
    return localArtifactPath(guestPath);
  }
}

type Matcher = (path: string) => boolean;

function anyOf(patterns: readonly string[]): Matcher {
  // `s`: a name may hold a newline.
  const matchers = patterns.map((pattern) => picomatch(pattern, { dot: true, flags: 's' }));
  return (path) => matchers.some((matches) => matches(path));
}

function absolutePattern(pattern: string): string {
  return pattern.startsWith('/') ? pattern : `${GUEST_WORKSPACE_DIR}/${pattern.replace(/^(\.\/)+/, '')}`;
}

/** The components before the first one that is a pattern. */
function literalBase(pattern: string): string {
  const parts = pattern.split('/');
  const first = parts.findIndex((part) => /[*?[\]{}()!+@\\]/.test(part));
  return first === -1 ? pattern : parts.slice(0, first).join('/');
}

/** Where a guest's file is kept, relative to the job's `artifacts/`; null for a path that is neither under `/artifacts` nor in the workspace, or leads elsewhere. */
export function localArtifactPath(guestPath: string): string | null {
  const root = [GUEST_ARTIFACTS_DIR, GUEST_WORKSPACE_DIR].find((dir) => guestPath.startsWith(`${dir}/`));
  if (root === undefined) return null;
  const relative = guestPath.slice(root.length + 1);
  const safe = relative.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  return safe && !relative.includes('\0') ? relative : null;
}
