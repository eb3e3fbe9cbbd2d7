import {
  type RunIndexEntry,
  type RunIndexHead,
  runIndexEntrySchema,
  runIndexHeadSchema,
} from '../../domain/records/run-index.js';
import { runIndexOf, runStateLayout, runsDirOf } from '../../domain/records/run-layout.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStat, FileStore } from '../../ports/file-store.js';
import { inTurns } from '../../streams/filter-in-turns.js';

/** Larger than that of a hundred thousand runs. */
const LARGEST_INDEX = 128 * 1024 * 1024;
const LOOKS_AT_ONCE = 256;
/** A directory that was changed so shortly before it was looked at may be changed again without another time. */
const SAME_TIME_MS = 1000;

interface KeptIndex {
  readonly head: RunIndexHead | null;
  readonly entries: ReadonlyMap<string, RunIndexEntry>;
}

const NOTHING: KeptIndex = { head: null, entries: new Map() };

/** What was read last of each store: a server reads it again and again. */
const readBefore = new WeakMap<FileStore, { path: string; stamp: string; index: KeptIndex }>();

export interface RunIndexCall {
  readonly files: FileStore;
  readonly clock: Clock;
  readonly stateRoot: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * `runs-index.jsonl` of a state root: the runs whose records change no more, in short. It is made from them, and may be removed at any
 * time. An entry counts while its `run.json` has the size and the time that it had.
 */
export class RunIndex {
  readonly #call: RunIndexCall;
  readonly #head: RunIndexHead;
  readonly #known: ReadonlyMap<string, RunIndexEntry>;
  readonly #added = new Map<string, RunIndexEntry>();
  readonly #isCurrent: boolean;

  private constructor(
    call: RunIndexCall,
    head: RunIndexHead,
    known: KeptIndex['entries'],
    isCurrent: boolean,
  ) {
    this.#call = call;
    this.#head = head;
    this.#known = known;
    this.#isCurrent = isCurrent;
  }

  /** Called before the directory of the runs is listed: what comes later is not in it then. */
  static async open(call: RunIndexCall): Promise<RunIndex> {
    const { files, stateRoot, clock } = call;
    const looked_at_ms = clock.now();
    const [directory, kept] = await Promise.all([files.lstat(runsDirOf(stateRoot)), readIndex(call)]);
    const runs_dir_mtime_ms = directory.isOk() ? directory.value.mtimeMs : looked_at_ms;
    const { head } = kept;
    // No run was made or removed since.
    const isCurrent =
      head?.runs_dir_mtime_ms === runs_dir_mtime_ms && head.looked_at_ms - runs_dir_mtime_ms > SAME_TIME_MS;
    const known = isCurrent ? kept.entries : await stillThere(call, kept.entries);
    return new RunIndex(call, { schema_version: 1, runs_dir_mtime_ms, looked_at_ms }, known, isCurrent);
  }

  entryOf(runId: string): RunIndexEntry | undefined {
    return this.#known.get(runId);
  }

  /** By what its `run.json` is known again; looked at before it is read. Null when that cannot be said. */
  async stampOf(runId: string): Promise<Pick<RunIndexEntry, 'size' | 'mtime_ms'> | null> {
    const { files, stateRoot } = this.#call;
    const found = await files.lstat(runStateLayout(stateRoot, runId).runRecord);
    if (found.isErr() || this.#head.looked_at_ms - found.value.mtimeMs < SAME_TIME_MS) return null;
    return stampOf(found.value);
  }

  add(entry: RunIndexEntry): void {
    this.#added.set(entry.run.run_id, entry);
  }

  /** Keeps it for the next one; `runIds` are those that are there. What cannot be written is made again. */
  async save(runIds: readonly string[]): Promise<void> {
    if (this.#isCurrent && this.#added.size === 0) return;
    const lines = [`${JSON.stringify(this.#head)}\n`];
    for await (const runId of inTurns(runIds)) {
      const entry = this.#added.get(runId) ?? this.#known.get(runId);
      if (entry !== undefined) lines.push(`${JSON.stringify(entry)}\n`);
    }
    const { files, stateRoot, signal } = this.#call;
    const options = { mode: 0o600, ...(signal === undefined ? {} : { signal }) };
    await files.writeFile(runIndexOf(stateRoot), Buffer.from(lines.join('')), options);
  }
}

const stampOf = ({ size, mtimeMs }: FileStat) => ({ size, mtime_ms: mtimeMs });

async function stillThere(
  { files, stateRoot }: RunIndexCall,
  entries: KeptIndex['entries'],
): Promise<KeptIndex['entries']> {
  const all = [...entries];
  const there = new Map<string, RunIndexEntry>();
  for (let at = 0; at < all.length; at += LOOKS_AT_ONCE)
    await Promise.all(
      all.slice(at, at + LOOKS_AT_ONCE).map(async ([runId, entry]) => {
        const found = await files.lstat(runStateLayout(stateRoot, runId).runRecord);
        if (found.isErr()) return;
        const { size, mtime_ms } = stampOf(found.value);
        if (size === entry.size && mtime_ms === entry.mtime_ms) there.set(runId, entry);
      }),
    );
  return there;
}

async function readIndex({ files, stateRoot, signal }: RunIndexCall): Promise<KeptIndex> {
  const path = runIndexOf(stateRoot);
  const found = await files.lstat(path);
  if (found.isErr() || found.value.type !== 'file') return NOTHING;
  const { size, mtimeMs } = found.value;
  const stamp = `${size} ${mtimeMs}`;
  const before = readBefore.get(files);
  if (before?.path === path && before.stamp === stamp) return before.index;
  const options = signal === undefined ? {} : { signal };
  const bytes = await files.readFile(path, { ...options, maxBytes: LARGEST_INDEX });
  const index = bytes.isOk() ? await parsed(Buffer.from(bytes.value).toString('utf8')) : NOTHING;
  if (bytes.isOk()) readBefore.set(files, { path, stamp, index });
  return index;
}

async function parsed(text: string): Promise<KeptIndex> {
  const [first = '', ...lines] = text.split('\n');
  const head = runIndexHeadSchema.safeParse(jsonOf(first));
  if (!head.success) return NOTHING;
  const entries = new Map<string, RunIndexEntry>();
  for await (const line of inTurns(lines)) {
    const entry = runIndexEntrySchema.safeParse(jsonOf(line));
    if (entry.success) entries.set(entry.data.run.run_id, entry.data);
  }
  return { head: head.data, entries };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
