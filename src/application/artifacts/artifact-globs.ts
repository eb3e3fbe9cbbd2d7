import {
  GUEST_ARTIFACTS_DIR,
  GUEST_WORKSPACE_DIR,
  guestSupervisorFiles,
} from '../../domain/machine/guest-paths.js';
import { isExclusion, MatchTally, PatternList } from '../../domain/patterns/pattern-list.js';

/** No file system has such a path: a guest that tells one wants something with it. */
const LEADS_ELSEWHERE = /\/\.{0,2}(?:\/|$)/;

/** One of the two directories of a guest that artifacts come from, and what is asked for of it. */
interface Place {
  readonly directory: string;
  readonly list: PatternList;
  readonly tally: MatchTally;
  /** The pattern as it was written, by what it is within the place. */
  readonly written: ReadonlyMap<string, string>;
}

/**
 * What a job's artifact patterns ask for: absolute ones lie under `/artifacts`, the others under the workspace. One with a
 * `!` in front takes away from what the others ask for, wherever it stands; a relative one takes away in both places.
 */
export class ArtifactGlobs {
  /** Guest directories below which a match can lie; no one is inside another. */
  readonly searchRoots: readonly string[];
  readonly #places: readonly Place[];
  readonly #mask: (name: string) => string;
  readonly #supervisorFiles: readonly string[];

  /** `mask` is what secrets in the names of kept files are masked with; `supervisorFiles` are names in `/artifacts` that no pattern matches. */
  constructor(
    patterns: readonly string[],
    mask: (name: string) => string = (name) => name,
    supervisorFiles: readonly string[] = guestSupervisorFiles({}),
  ) {
    this.#mask = mask;
    this.#supervisorFiles = supervisorFiles.map((name) => `${GUEST_ARTIFACTS_DIR}/${name}`);
    this.#places = [GUEST_ARTIFACTS_DIR, GUEST_WORKSPACE_DIR].flatMap((directory) => {
      const within = patternsWithin(directory, patterns);
      if (within.every(({ text }) => isExclusion(text))) return [];
      const list = new PatternList(within.map(({ text }) => text));
      const written = new Map(within.map(({ text, pattern }) => [text, pattern]));
      return [{ directory, list, tally: new MatchTally(list), written }];
    });
    const found = this.#places.flatMap(({ directory, list, written }) =>
      list.wanted.flatMap(({ text, pattern }) =>
        pattern.roots.map((root) => ({
          root: root === '' ? directory : `${directory}/${root}`,
          // What is asked for first is kept where two have one name.
          order: patterns.indexOf(written.get(text) ?? text),
        })),
      ),
    );
    const roots = found.toSorted((a, b) => a.order - b.order).map(({ root }) => root);
    this.searchRoots = [...new Set(roots)].filter(
      (root) => !roots.some((other) => other !== root && root.startsWith(`${other}/`)),
    );
  }

  /** `guestPath` is absolute. */
  matches(guestPath: string): boolean {
    if (this.#isSupervisors(guestPath) || LEADS_ELSEWHERE.test(guestPath)) return false;
    const place = this.#places.find(({ directory }) => guestPath.startsWith(`${directory}/`));
    return place?.tally.matches(guestPath.slice(place.directory.length + 1)) ?? false;
  }

  /** Also where root has made a directory of one. */
  #isSupervisors(guestPath: string): boolean {
    return this.#supervisorFiles.some((file) => guestPath === file || guestPath.startsWith(`${file}/`));
  }

  /** The patterns, as they were written, that matched none of the paths so far. */
  get unmatched(): readonly string[] {
    return this.#places.flatMap(({ tally, written }) =>
      tally.unmatched.map((text) => written.get(text) ?? text),
    );
  }

  localPath(guestPath: string): string | null {
    const local = localArtifactPath(guestPath);
    return local === null ? null : this.#mask(local);
  }
}

/** What the patterns say of one place, relative to it. */
export function patternsWithin(
  directory: string,
  patterns: readonly string[],
): readonly { readonly text: string; readonly pattern: string }[] {
  return patterns.flatMap((pattern) => {
    const sign = isExclusion(pattern) ? '!' : '';
    const named = pattern.slice(sign.length);
    if (named.startsWith('/')) {
      if (directory !== GUEST_ARTIFACTS_DIR) return [];
      // The slash stays, so that a name that begins with `!` does not become a sign.
      return [{ text: `${sign}${named.slice(GUEST_ARTIFACTS_DIR.length)}`, pattern }];
    }
    return sign === '' && directory === GUEST_ARTIFACTS_DIR ? [] : [{ text: pattern, pattern }];
  });
}

/** Where a guest's file is kept, relative to the job's `artifacts/`; null for a path that is neither under `/artifacts` nor in the workspace, or leads elsewhere. */
export function localArtifactPath(guestPath: string): string | null {
  const root = [GUEST_ARTIFACTS_DIR, GUEST_WORKSPACE_DIR].find((dir) => guestPath.startsWith(`${dir}/`));
  if (root === undefined) return null;
  const relative = guestPath.slice(root.length + 1);
  const safe = relative.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
  return safe && !relative.includes('\0') ? relative : null;
}
