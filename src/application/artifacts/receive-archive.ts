import { posix } from 'node:path';
import type { ArtifactRule } from '../../domain/job/artifact.js';
import type { ArtifactCaps } from '../../domain/job/artifact-caps.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import type { GuestArchive } from '../supervisor/guest.js';
import type { ArtifactLedger } from './artifact-ledger.js';
import { ByteReader } from './byte-reader.js';
import { type TarEntry, TarReader } from './tar-reader.js';

/** A refused file up to this size is read past; for a larger one the archive is asked for again without it. */
const READ_PAST = 16 * 1024 * 1024;
/** What is not asked for is put up with this often. */
const MOST_UNREQUESTED = 1000;

export interface ReceiveInput {
  readonly archive: GuestArchive;
  readonly files: FileStore;
  readonly caps: ArtifactCaps;
  readonly destination: string;
  /** Guest path → path below `destination`. */
  readonly wanted: ReadonlyMap<string, string>;
  readonly ledger: ArtifactLedger;
}

export interface Received {
  /**
   * `left`: the archive was left at a file that is too large to read past; `connection_lost`: it did not arrive whole. In
   * both cases `remaining` can still be asked for.
   */
  readonly end: 'complete' | 'left' | 'connection_lost';
  readonly remaining: Map<string, string>;
}

/** Takes one archive apart, file by file, holding no file in memory. */
export async function receiveArchive(input: ReceiveInput): Promise<Received> {
  const { ledger } = input;
  const remaining = new Map(input.wanted);
  const bytes = new ByteReader(input.archive.bytes);
  const tar = new TarReader(bytes);
  let unrequested = 0;
  const giveUp = (reason: string): Received => {
    ledger.breakOff(reason);
    return { end: 'complete', remaining };
  };
  /** The bytes have ended, so why they did is known. */
  const cutShort = async (): Promise<Received> => {
    const end = await input.archive.end;
    if (end.isOk()) return giveUp('the archive ends before its end mark');
    if (end.error.kind === 'connection_lost') return { end: 'connection_lost', remaining };
    return giveUp(`the transfer broke off: ${end.error.message}`);
  };

  for (;;) {
    const step = await tar.next();
    if (step.kind === 'cut_short') return cutShort();
    if (step.kind === 'broken') return giveUp(step.message);
    if (step.kind === 'end') {
      if (remaining.size > 0)
        ledger.breakOff(`${remaining.size} files vanished before they could be fetched`);
      return { end: 'complete', remaining };
    }
    const { entry } = step;
    const guestPath = entry.name === null ? null : `/${entry.name.replace(/^\/+/, '')}`;
    const local = guestPath === null ? undefined : remaining.get(guestPath);
    if (local === undefined && ++unrequested > MOST_UNREQUESTED)
      return giveUp('the guest sends what was not asked for');

    const rule = local === undefined ? unrequestedRule(entry) : entryRule(entry, input.caps, ledger);
    if (rule !== null || local === undefined) {
      if (entry.kind !== 'directory')
        ledger.refuse(guestPath ?? '(a name that is not UTF-8)', rule ?? 'not_requested');
      if (entry.size > READ_PAST) {
        if (guestPath !== null) remaining.delete(guestPath);
        return { end: 'left', remaining };
      }
      if (!(await bytes.skip(entry.size)) || !(await tar.padding(entry.size))) return cutShort();
      if (guestPath !== null) remaining.delete(guestPath);
      continue;
    }
    const kept = await keepFile(input, bytes, local, entry.size);
    if (kept === 'cut_short') return cutShort();
    if (kept === 'path_conflict') ledger.refuse(guestPath ?? local, 'path_conflict');
    else if (kept !== 'kept') return giveUp(`${local} could not be written: ${kept.message}`);
    if (guestPath !== null) remaining.delete(guestPath);
    if (!(await tar.padding(entry.size))) return cutShort();
  }
}

function unrequestedRule(entry: TarEntry): ArtifactRule {
  return entry.name === null ? 'unsafe_path' : 'not_requested';
}

function entryRule(entry: TarEntry, caps: ArtifactCaps, ledger: ArtifactLedger): ArtifactRule | null {
  if (entry.kind === 'symbolic_link') return 'symbolic_link';
  if (entry.kind === 'hard_link') return 'hard_link';
  if (entry.kind !== 'file') return 'special_file';
  if (entry.size > caps.fileBytes) return 'file_too_large';
  if (ledger.totalBytes + entry.size > caps.totalBytes) return 'total_too_large';
  return null;
}

async function keepFile(
  input: ReceiveInput,
  bytes: ByteReader,
  local: string,
  size: number,
): Promise<'kept' | 'cut_short' | 'path_conflict' | FileFault> {
  const path = `${input.destination}/${local}`;
  const parent = await input.files.makeDirectory(posix.dirname(path));
  if (parent.isErr()) return passOver(bytes, size, parent.error);
  const writer = await input.files.createWriter(path);
  if (writer.isErr()) return passOver(bytes, size, writer.error);
  await using file = writer.value;
  let missing = size;
  while (missing > 0) {
    const piece = await bytes.readSome(missing);
    if (piece === null) return 'cut_short';
    const written = await file.write(piece);
    if (written.isErr()) return written.error;
    missing -= piece.length;
  }
  const committed = await file.commit();
  if (committed.isErr()) return await passOver(bytes, 0, committed.error);
  input.ledger.took(local, size);
  return 'kept';
}

/** A name that is a directory's already (or the other way round) costs that file only; other faults end the collecting. */
async function passOver(bytes: ByteReader, size: number, fault: FileFault) {
  if (!['not_a_directory', 'is_a_directory', 'already_exists', 'not_empty'].includes(fault.kind))
    return fault;
  return (await bytes.skip(size)) ? 'path_conflict' : 'cut_short';
}
