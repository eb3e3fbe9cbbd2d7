import { err, ok, type Result } from 'neverthrow';
import { PatternList } from '../../domain/patterns/pattern-list.js';
import { sha256Hex } from '../../domain/values/content-hash.js';
import type { ScanFault, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { filterInTurns } from '../../streams/filter-in-turns.js';
import type { JobFault } from '../faults/job-fault.js';
import { workspaceFault } from '../faults/port-faults.js';
import { inputsHash } from '../prepare/inputs-hash.js';

/** The inputs of a template: what of the workspace its setup finds. */
export interface TemplateInputs {
  /** Part of the key. */
  readonly hash: string;
  /** A workspace of these files alone. */
  readonly snapshot: WorkspaceSnapshot;
}

/** Null for a template without inputs. The setup finds just the files whose content is part of the key, so nothing else can be in what it makes. */
export async function templateInputs(
  scan: () => Promise<Result<WorkspaceSnapshot, ScanFault>>,
  { id, inputs }: { readonly id: string; readonly inputs: readonly string[] },
  host: string,
): Promise<Result<TemplateInputs | null, JobFault>> {
  if (inputs.length === 0) return ok(null);
  const scanned = await scan();
  if (scanned.isErr()) return err(workspaceFault(scanned.error, host));
  const whole = scanned.value;
  const hash = await inputsHash(whole, { id, inputs }, host);
  if (hash.isErr()) return err(hash.error);
  const patterns = new PatternList(inputs);
  const wanted = new Set(await filterInTurns(whole.entries, (entry) => patterns.matches(entry)));
  const kept = whole.entries.flatMap((entry, index) => {
    const content = whole.contents[index];
    return wanted.has(entry) && content !== undefined ? [{ entry, content }] : [];
  });
  const snapshot: WorkspaceSnapshot = {
    root: whole.root,
    ...(whole.gitDirectory === undefined ? {} : { gitDirectory: whole.gitDirectory }),
    // Not the hash itself: a workspace of the same files has times as well, and is another snapshot.
    contentHash: sha256Hex(`pikaci-template-inputs\0${hash.value}`),
    entries: kept.map(({ entry }) => entry),
    contents: kept.map(({ content }) => content),
    totalBytes: kept.reduce((sum, { content }) => sum + content.bytes, 0),
  };
  return ok({ hash: hash.value, snapshot });
}
