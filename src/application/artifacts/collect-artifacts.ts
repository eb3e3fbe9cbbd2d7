import { type ArtifactReport, NO_ARTIFACTS } from '../../domain/job/artifact.js';
import type { ArtifactCaps } from '../../domain/job/artifact-caps.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { Guest, GuestCall } from '../supervisor/guest.js';
import { ArtifactLedger } from './artifact-ledger.js';
import { receiveArchive } from './receive-archive.js';

/** A guest is listened to for this many names; globs choose among them. */
const MOST_LISTED = 500_000;
/** How often the archive may be asked for again, without a file that turned out too large. */
const MOST_RESTARTS = 16;

/** Lost connections are put up with this often, with pauses that grow. */
const MOST_LOSSES = 5;
const LOSS_PAUSE_MS = 300;

/** Which of the guest's files are brought back, and where to. */
export interface Selection {
  /** Absolute paths in the guest that are listed. */
  readonly searchRoots: readonly string[];
  matches(path: string): boolean;
  /** Relative to the destination; null for what must not become a path here. */
  localPath(path: string): string | null;
}

export interface CollectInput {
  readonly guest: Guest;
  readonly files: FileStore;
  readonly clock: Clock;
  readonly selection: Selection;
  readonly caps: ArtifactCaps;
  /** Local directory that gets the files; it must be empty or absent. */
  readonly destination: string;
}

/**
 * Brings back what the patterns ask for. The guest is hostile: links, special files, paths that leave the directory, files
 * that were not asked for, and what goes over the caps are refused, each with the rule that fired, and the rest is kept.
 */
export async function collectArtifacts(input: CollectInput, call: GuestCall): Promise<ArtifactReport> {
  if (input.selection.searchRoots.length === 0) return NO_ARTIFACTS;
  const ledger = new ArtifactLedger();
  const { selection } = input;
  const pauseAfterLoss = async (losses: number) =>
    losses <= MOST_LOSSES && (await input.clock.sleep(LOSS_PAUSE_MS * losses, call.signal)) === 'elapsed';
  let listing = await input.guest.list(selection.searchRoots, MOST_LISTED, call);
  for (let losses = 1; listing.isErr() && listing.error.kind === 'connection_lost'; losses++) {
    if (!(await pauseAfterLoss(losses))) break;
    listing = await input.guest.list(selection.searchRoots, MOST_LISTED, call);
  }
  if (listing.isErr()) {
    ledger.breakOff(`the guest's files could not be listed: ${listing.error.message}`);
    return ledger.report();
  }
  if (listing.value.truncated)
    ledger.breakOff(`the guest has more than ${MOST_LISTED} files where it was looked`);
  if (listing.value.undecodable > 0) {
    ledger.breakOff(`${listing.value.undecodable} file names are not UTF-8 and cannot be collected`);
  }

  let wanted = wantedFiles(listing.value.paths, selection, input.caps.files, ledger);
  let losses = 0;
  for (let restarts = 0; wanted.size > 0; restarts++) {
    if (restarts > MOST_RESTARTS) {
      ledger.breakOff('too many files are too large; the rest was left behind');
      break;
    }
    const archive = await input.guest.pack([...wanted.keys()], call);
    if (archive.isErr()) {
      if (archive.error.kind === 'connection_lost' && (await pauseAfterLoss(++losses))) continue;
      ledger.breakOff(`the guest's files could not be fetched: ${archive.error.message}`);
      break;
    }
    await using fetched = archive.value;
    const received = await receiveArchive({ ...input, archive: fetched, wanted, ledger });
    wanted = received.remaining;
    if (received.end === 'complete') break;
    if (received.end === 'connection_lost' && !(await pauseAfterLoss(++losses))) {
      ledger.breakOff('the connection broke too often');
      break;
    }
  }
  return ledger.report();
}

/** Guest path → local path, in the guest's order, with what cannot be kept already refused. */
function wantedFiles(
  paths: readonly string[],
  selection: Selection,
  mostFiles: number,
  ledger: ArtifactLedger,
): Map<string, string> {
  const wanted = new Map<string, string>();
  const taken = new Set<string>();
  for (const path of paths) {
    if (!selection.matches(path) || wanted.has(path)) continue;
    const local = selection.localPath(path);
    if (local === null) ledger.refuse(path, 'unsafe_path');
    else if (taken.has(local)) ledger.refuse(path, 'duplicate_path');
    else if (wanted.size >= mostFiles) ledger.refuse(path, 'too_many_files');
    else {
      wanted.set(path, local);
      taken.add(local);
    }
  }
  return wanted;
}
