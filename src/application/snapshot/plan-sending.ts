import type { EntryContent } from '../../ports/entry-content.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { anotherTurn } from '../../streams/filter-in-turns.js';

const AT_ONCE = 1000;
/** With less in common the whole is sent: less goes wrong, and the host has less to do. */
export const LEAST_IN_COMMON = 0.25;

interface Part {
  readonly entries: readonly string[];
  readonly contents: readonly EntryContent[];
}

/** How a snapshot is made of another one that is on the host. */
export interface SendingPlan {
  /** Of the other one: what is no part of this one as it is. */
  readonly dropped: readonly string[];
  /** Whether a path of the other one is none of this one: a directory may be empty then. */
  readonly hasLess: boolean;
  /** The same file with another time or another executable bit: copied on the host, and then given what belongs to it. */
  readonly copied: Part;
  readonly sent: Part;
  /** Bytes of `sent`. */
  readonly sentBytes: number;
  /** How many files are the other one's, under a second name. */
  readonly linked: number;
}

/** Null when the two have too little in common. Links are always sent: they are no longer than what it takes to look at them. */
export async function planSending(
  { entries, contents, totalBytes }: Pick<WorkspaceSnapshot, 'entries' | 'contents' | 'totalBytes'>,
  base: ReadonlyMap<string, EntryContent>,
): Promise<SendingPlan | null> {
  const copied = { entries: [] as string[], contents: [] as EntryContent[] };
  const sent = { entries: [] as string[], contents: [] as EntryContent[] };
  const linked = new Set<string>();
  let sentBytes = 0;
  for (const [index, path] of entries.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) await anotherTurn();
    const content = contents[index];
    if (content === undefined) return null;
    const there = base.get(path);
    if (isSameFile(content, there) && content.kind === there?.kind && content.mtimeNs === there.mtimeNs) {
      linked.add(path);
      continue;
    }
    const part = isSameFile(content, there) ? copied : sent;
    part.entries.push(path);
    part.contents.push(content);
    if (part === sent && content.kind !== 'l') sentBytes += content.bytes;
  }
  const kept = entries.length - sent.entries.length;
  const isEnough =
    kept >= LEAST_IN_COMMON * entries.length || sentBytes <= (1 - LEAST_IN_COMMON) * totalBytes;
  if (kept === 0 || !isEnough) return null;
  const dropped = [...base.keys()].filter((path) => !linked.has(path));
  const here = new Set(entries);
  const hasLess = dropped.some((path) => !here.has(path));
  return { dropped, hasLess, copied, sent, sentBytes, linked: linked.size };
}

function isSameFile(content: EntryContent, there: EntryContent | undefined): boolean {
  return (
    content.kind !== 'l' &&
    there !== undefined &&
    there.kind !== 'l' &&
    content.bytes === there.bytes &&
    content.sha256 === there.sha256
  );
}
