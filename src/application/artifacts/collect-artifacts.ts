import { type ArtifactReport, NO_ARTIFACTS } from '../../domain/job/artifact.js';
import type { ArtifactCaps } from '../../domain/job/artifact-caps.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { Guest, GuestCall } from '../supervisor/guest.js';
import { ArtifactLedger } from './artifact-ledger.js';
import { chooseFiles } from './choose-files.js';
import { FetchFiles } from './fetch-files.js';
import { LossPause } from './loss-pause.js';

/** A guest is listened to for this many names; globs choose among them. */
const MOST_LISTED = 500_000;

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
  /** Why not all may be there, where that is known before. */
  readonly doubt?: string | undefined;
}

/**
 * Brings back what the patterns ask for. The guest is hostile: links, special files, paths that leave the directory, files
 * that were not asked for, and what goes over the caps are refused, each with the rule that fired, and the rest is kept.
 */
export async function collectArtifacts(input: CollectInput, call: GuestCall): Promise<ArtifactReport> {
  const { guest, selection, clock, caps } = input;
  if (selection.searchRoots.length === 0) return NO_ARTIFACTS;
  const ledger = new ArtifactLedger();
  if (input.doubt !== undefined) ledger.breakOff(input.doubt);
  const pause = new LossPause(clock, call.signal);
  let listing = await guest.list(selection.searchRoots, MOST_LISTED, call);
  while (listing.isErr() && listing.error.kind === 'connection_lost' && (await pause.afterLoss()))
    listing = await guest.list(selection.searchRoots, MOST_LISTED, call);
  if (listing.isErr()) {
    ledger.breakOff(`the guest's files could not be listed: ${listing.error.message}`);
    return ledger.report();
  }
  const { files, truncated, undecodable } = listing.value;
  if (truncated) ledger.breakOff(`the guest has more than ${files.length} files where it was looked`);
  if (undecodable > 0) ledger.breakOff(`${undecodable} file names are not UTF-8 and cannot be collected`);

  const wanted = chooseFiles(files, selection, caps, ledger);
  const fetching = new FetchFiles({ ...input, ledger, mostListed: MOST_LISTED }, call);
  await fetching.fetch(wanted);
  return ledger.report();
}
