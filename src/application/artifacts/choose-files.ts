import type { ArtifactRule } from '../../domain/job/artifact.js';
import type { ArtifactCaps } from '../../domain/job/artifact-caps.js';
import { hasControlCharacter } from '../../domain/values/path-rules.js';
import { inTurns } from '../../streams/filter-in-turns.js';
import type { ListedFile } from '../supervisor/guest.js';
import type { ArtifactLedger } from './artifact-ledger.js';
import type { Selection } from './collect-input.js';

/** Guest path → local path, in the guest's order, of what is asked for; what cannot be kept is refused here, by name and size. */
export async function chooseFiles(
  files: readonly ListedFile[],
  selection: Selection,
  caps: ArtifactCaps,
  ledger: ArtifactLedger,
): Promise<Map<string, string>> {
  const wanted = new Map<string, string>();
  const seen = new Set<string>();
  const taken = new Set<string>();
  let totalBytes = 0;
  for await (const file of inTurns(files)) {
    const { path } = file;
    if (file.kind === 'directory' && selection.localDirectory !== undefined) continue;
    if (seen.has(path) || !selection.matches(path)) continue;
    seen.add(path);
    const local = selection.localPath(path);
    const size = file.size ?? 0;
    const rule = (): ArtifactRule | null => {
      if (hasControlCharacter(path)) return 'control_character';
      if (local === null) return 'unsafe_path';
      if (file.kind === 'symbolic_link') return 'symbolic_link';
      if (file.kind === 'special' || file.kind === 'directory') return 'special_file';
      if (file.kind === 'not_whole') return 'not_whole';
      if (taken.has(local)) return 'duplicate_path';
      if (size > caps.fileBytes) return 'file_too_large';
      if (totalBytes + size > caps.totalBytes) return 'total_too_large';
      if (wanted.size >= caps.files) return 'too_many_files';
      return ledger.reserve(local) ? null : 'record_full';
    };
    const refused = rule();
    if (refused !== null || local === null) {
      ledger.refuse(path, refused ?? 'unsafe_path');
      continue;
    }
    wanted.set(path, local);
    taken.add(local);
    totalBytes += size;
  }
  return wanted;
}
