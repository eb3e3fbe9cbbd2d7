import { posix } from 'node:path';
import type { ArtifactRule } from '../../domain/job/artifact.js';
import { hasControlCharacter } from '../../domain/values/path-rules.js';
import { filterInTurns, inTurns } from '../../streams/filter-in-turns.js';
import type { ListedFile } from '../supervisor/guest.js';
import type { ArtifactLedger } from './artifact-ledger.js';
import type { CollectInput } from './collect-input.js';
import { ruleOf } from './receive-archive.js';

/** Listed directories that would not come with any of these files. */
export async function emptyDirectories(
  listed: readonly ListedFile[],
  chosen: readonly string[],
): Promise<string[]> {
  const kept = new Set<string>();
  for await (const path of inTurns(chosen))
    for (let up = posix.dirname(path); !kept.has(up); up = posix.dirname(up)) kept.add(up);
  const empty = await filterInTurns(listed, ({ path, kind }) => kind === 'directory' && !kept.has(path));
  return empty.map(({ path }) => path);
}

/** Makes directories that a selection asks for; what cannot be made is refused by name. There may be as many as files. */
export async function makeDirectories(
  paths: readonly string[],
  { selection, files, caps, destination }: CollectInput,
  ledger: ArtifactLedger,
): Promise<void> {
  let made = 0;
  for await (const path of inTurns(paths)) {
    if (selection.localDirectory === undefined || !selection.matches(path)) continue;
    const local = selection.localDirectory(path);
    const refused = (): ArtifactRule | null => {
      if (hasControlCharacter(path)) return 'control_character';
      if (local === null) return 'unsafe_path';
      return made < caps.files ? null : 'too_many_files';
    };
    const why = refused();
    if (why !== null || local === null) {
      ledger.refuse(path, why ?? 'unsafe_path');
      continue;
    }
    const directory = await files.makeDirectory(posix.join(destination, local));
    if (directory.isOk()) made++;
    else {
      const rule = ruleOf(directory.error);
      if (rule === null)
        return ledger.markIncomplete(`${local} could not be made: ${directory.error.message}`);
      ledger.refuse(path, rule);
    }
  }
}
