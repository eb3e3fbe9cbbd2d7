import { type ArtifactReport, NO_ARTIFACTS } from '../../domain/job/artifact.js';
import type { GuestCall } from '../supervisor/guest.js';
import { ArtifactLedger } from './artifact-ledger.js';
import { chooseFiles } from './choose-files.js';
import type { CollectInput } from './collect-input.js';
import { FetchFiles } from './fetch-files.js';
import { LossPause } from './loss-pause.js';

/** A guest is listened to for this many names; globs choose among them. */
const MOST_LISTED = 500_000;

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
  const { files, truncated } = listing.value;
  if (truncated) ledger.breakOff(`the guest has more than ${files.length} files where it was looked`);

  const wanted = chooseFiles(files, selection, caps, ledger);
  const fetching = new FetchFiles({ ...input, ledger, mostListed: MOST_LISTED }, call);
  await fetching.fetch(wanted);
  return ledger.report();
}
