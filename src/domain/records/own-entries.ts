/** What pikaci makes in a work directory or a state root, which may be the same directory. */
const OWN = new Set([
  'runs',
  'runs-index.jsonl',
  'machines',
  'pools',
  'templates',
  'snapshots',
  'prepared',
  'cache',
  'groups',
  'hooks',
  'kept',
  'records',
  'runner-flakes',
  '.gitignore',
]);
const OWN_PREFIX = '.pikaci-';
const MOST_SHOWN = 3;

/** Names in a work directory or a state root that are none of pikaci's: such a directory is not pikaci's to close. */
export function foreignEntries(names: readonly string[]): readonly string[] {
  return names.filter((name) => !OWN.has(name) && !name.startsWith(OWN_PREFIX)).sort();
}

/** The first of them, for people. */
export function shownEntries(names: readonly string[]): string {
  const shown = names.slice(0, MOST_SHOWN).map((name) => JSON.stringify(name));
  const more = names.length - shown.length;
  return `${shown.join(', ')}${more === 0 ? '' : ` and ${more} more`}`;
}
