import { posix } from 'node:path';
import type { ArtifactRule } from '../../domain/job/artifact.js';
import type { ArtifactCaps } from '../../domain/job/artifact-caps.js';
import type { FileFault, FileStore, FileWriter } from '../../ports/file-store.js';
import type { GuestArchive } from '../supervisor/guest.js';
import type { ArtifactLedger } from './artifact-ledger.js';
import { ByteReader } from './byte-reader.js';
import { FileCommits } from './file-commits.js';
import type { Patience } from './patience.js';
import { type TarEntry, TarReader } from './tar-reader.js';

/** A refused file up to this size is read past; for a larger one the archive is asked for again without it. */
const READ_PAST = 16 * 1024 * 1024;
/** Behind its end mark an archive is filled up to a whole record; no `tar` makes one longer. */
const LONGEST_TAIL = 64 * 1024;
/** Maximum number of unrequested entries. */
const MOST_UNREQUESTED = 1000;

export interface ReceiveInput {
  readonly archive: GuestArchive;
  readonly files: FileStore;
  readonly caps: ArtifactCaps;
  readonly destination: string;
  /** Guest path → path below `destination`. */
  readonly wanted: ReadonlyMap<string, string>;
  readonly ledger: ArtifactLedger;
  readonly patience: Pick<Patience, 'waitFor' | 'heard'>;
  /** Told of what ends the receiving because a file could not be kept here. */
  readonly onLocalFault?: (fault: FileFault) => void;
}

export interface Received {
  /**
   * `left`: the archive was left at a file that is too large to read past; `cut_short`: the guest ended it before its end;
   * `connection_lost`: it did not arrive whole. After these `remaining` can still be asked for. `given_up`: no more is to be had.
   */
  readonly end: 'complete' | 'left' | 'cut_short' | 'connection_lost' | 'given_up';
  /** Guest path → path below `destination`. */
  readonly remaining: Map<string, string>;
  /** What was kept of this archive: guest path → bytes. */
  readonly kept: ReadonlyMap<string, number>;
  /** All bytes have been read, so that the archive's own end comes. */
  readonly drained: boolean;
  /** Whose bytes were under way when the archive ended before its end. */
  readonly underWay: string | null;
}

/** Takes one archive apart, file by file, holding no file in memory. */
export async function receiveArchive(input: ReceiveInput): Promise<Received> {
  const keeping: Keeping = {
    commits: new FileCommits(),
    remaining: new Map(input.wanted),
    kept: new Map(),
    failed: null,
  };
  const received = await readEntries(input, keeping);
  await keeping.commits.settled();
  if (keeping.failed === null || received.end === 'given_up') return received;
  input.ledger.markIncomplete(keeping.failed);
  return { ...received, end: 'given_up' };
}

/** What the files that are under way to the disk change when they come to nothing. */
interface Keeping {
  readonly commits: FileCommits;
  readonly remaining: Map<string, string>;
  readonly kept: Map<string, number>;
  /** Why a file could not be kept here, and so none behind it. */
  failed: string | null;
}

async function readEntries(input: ReceiveInput, keeping: Keeping): Promise<Received> {
  const { ledger } = input;
  const { remaining, kept } = keeping;
  const bytes = new ByteReader(input.patience.heard(input.archive.bytes));
  const tar = new TarReader(bytes);
  let unrequested = 0;
  let underWay: string | null = null;
  let drained = false;
  const ended = (end: Received['end']): Received => ({ end, remaining, kept, drained, underWay });
  const giveUp = (reason: string): Received => {
    ledger.markIncomplete(reason);
    return ended('given_up');
  };
  /** The bytes have ended, so why they did is known. */
  const cutShort = async (): Promise<Received> => {
    const end = await input.patience.waitFor(input.archive.end);
    if (end.isOk()) return ended('cut_short');
    if (end.error.kind === 'connection_lost') return ended('connection_lost');
    return giveUp(`the transfer broke off: ${end.error.message}`);
  };

  for (;;) {
    underWay = null;
    if (keeping.failed !== null) return giveUp(keeping.failed);
    const step = await tar.next();
    if (step.kind === 'cut_short') return cutShort();
    if (step.kind === 'broken') return giveUp(step.message);
    if (step.kind === 'end') {
      drained = !(await bytes.skip(LONGEST_TAIL));
      // Two empty blocks are such a mark: what goes on behind it, and lacks files, was no archive.
      if (!drained && remaining.size > 0)
        return giveUp('what the guest sent is no archive: it goes on behind its end');
      return ended('complete');
    }
    const { entry } = step;
    const guestPath = `/${entry.name.replace(/^\/+/, '')}`;
    const local = remaining.get(guestPath);
    if (local === undefined) {
      if (++unrequested > MOST_UNREQUESTED) return giveUp('the guest sends what was not asked for');
      if (entry.kind !== 'directory') ledger.refuse(guestPath, 'not_requested');
      if (entry.size > READ_PAST) return ended('left');
      if (!(await skipped(bytes, tar, entry.size))) return cutShort();
      continue;
    }
    underWay = guestPath;
    const rule = entryRule(entry, input.caps, ledger);
    if (rule !== null) {
      if (entry.kind === 'directory') ledger.refuse(guestPath, 'vanished');
      else ledger.refuse(guestPath, rule);
      remaining.delete(guestPath);
      if (entry.size > READ_PAST) return ended('left');
      if (!(await skipped(bytes, tar, entry.size))) return cutShort();
      continue;
    }
    const file = await writeFile(input, bytes, { local, entry });
    if (file === 'cut_short') return cutShort();
    remaining.delete(guestPath);
    const failed = (fault: FileFault) => {
      const rule = ruleOf(fault);
      if (rule !== null) return ledger.refuse(guestPath, rule);
      remaining.set(guestPath, local);
      input.onLocalFault?.(fault);
      keeping.failed ??= `${local} could not be written: ${fault.message}`;
    };
    if ('kind' in file) failed(file);
    else {
      kept.set(guestPath, entry.size);
      ledger.took(local, entry.size);
      await keeping.commits.begin(file, (fault) => {
        kept.delete(guestPath);
        ledger.giveBack(local);
        failed(fault);
      });
    }
    if (!(await tar.padding(entry.size))) return cutShort();
  }
}

async function skipped(bytes: ByteReader, tar: TarReader, size: number): Promise<boolean> {
  return (await bytes.skip(size)) && (await tar.padding(size));
}

function entryRule(entry: TarEntry, caps: ArtifactCaps, ledger: ArtifactLedger): ArtifactRule | null {
  if (entry.kind === 'symbolic_link') return 'symbolic_link';
  if (entry.kind === 'hard_link') return 'hard_link';
  if (entry.kind !== 'file') return 'special_file';
  if (entry.size > caps.fileBytes) return 'file_too_large';
  if (ledger.totalBytes + entry.size > caps.totalBytes) return 'total_too_large';
  return null;
}

/** Gives the file with all its bytes, not yet under its name; or why there is none, with its bytes read past where others can follow. */
async function writeFile(
  input: ReceiveInput,
  bytes: ByteReader,
  { local, entry }: { readonly local: string; readonly entry: TarEntry },
): Promise<FileWriter | FileFault | 'cut_short'> {
  const path = `${input.destination}/${local}`;
  const parent = await input.files.makeDirectory(posix.dirname(path));
  if (parent.isErr()) return readPast(bytes, entry.size, parent.error);
  const created = await input.files.createWriter(path, { mode: entry.executable ? 0o755 : 0o644 });
  if (created.isErr()) return readPast(bytes, entry.size, created.error);
  const writer = created.value;
  const given = async <T>(nothing: T): Promise<T> => {
    await writer[Symbol.asyncDispose]();
    return nothing;
  };
  let missing = entry.size;
  while (missing > 0) {
    const piece = await bytes.readSome(missing);
    if (piece === null) return given('cut_short' as const);
    const written = await writer.write(piece);
    if (written.isErr()) return given(written.error);
    missing -= piece.length;
  }
  return writer;
}

/** A name that is a directory's already (or the other way round), or that the file system does not take, costs that file only; other faults end the collecting. */
async function readPast(bytes: ByteReader, size: number, fault: FileFault): Promise<FileFault | 'cut_short'> {
  if (ruleOf(fault) === null) return fault;
  return (await bytes.skip(size)) ? fault : 'cut_short';
}

/** What a fault of one name is as a rule; null for one that ends the collecting. */
export function ruleOf(fault: FileFault): 'path_conflict' | 'name_too_long' | 'name_refused' | null {
  if (fault.kind === 'name_too_long' || fault.kind === 'name_refused') return fault.kind;
  const conflicts = ['not_a_directory', 'is_a_directory', 'already_exists', 'not_empty'];
  return conflicts.includes(fault.kind) ? 'path_conflict' : null;
}
