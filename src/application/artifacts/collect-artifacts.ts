import { type ArtifactReport, NO_ARTIFACTS } from '../../domain/job/artifact.js';
import { ArtifactLedger } from './artifact-ledger.js';
import { chooseFiles } from './choose-files.js';
import type { CollectInput } from './collect-input.js';
import { FetchFiles } from './fetch-files.js';
import { LossPause } from './loss-pause.js';
import { emptyDirectories, makeDirectories } from './make-directories.js';
import { type CollectCall, Patience } from './patience.js';

/** Maximum number of paths that a guest may list; globs choose among them. */
const MOST_LISTED = 500_000;

/**
 * Brings back what the patterns ask for. The guest is hostile: links, special files, paths that leave the directory, files
 * that were not asked for, and what goes over the caps are refused, each with the rule that fired, and the rest is kept. One that
 * brings nothing any more is not waited for: what has come is kept, and the report says that it is incomplete.
 */
export async function collectArtifacts(input: CollectInput, call: CollectCall): Promise<ArtifactReport> {
  const { guest, selection, clock, caps } = input;
  if (selection.searchRoots.length === 0) return NO_ARTIFACTS;
  const ledger = new ArtifactLedger();
  if (input.doubt !== undefined) ledger.markIncomplete(input.doubt);
  let doing = 'listed';
  using patience = new Patience(clock, call, (why) =>
    ledger.markIncomplete(`the guest's files could not be ${doing}: ${why}`),
  );
  const pause = new LossPause(clock, patience.signal, input.reconnectMs);
  const directories = selection.localDirectory !== undefined;
  const list = () => {
    const { signal } = patience;
    const onProgress = () => patience.progressed();
    return patience.waitFor(
      guest.list(selection.searchRoots, MOST_LISTED, { signal, onProgress, directories }),
    );
  };
  let listing = await list();
  while (listing.isErr() && listing.error.kind === 'connection_lost' && (await pause.afterLoss()))
    listing = await list();
  if (listing.isErr()) {
    ledger.markIncomplete(`the guest's files could not be listed: ${listing.error.message}`);
    return ledger.report();
  }
  const { files, truncated } = listing.value;
  if (truncated) ledger.markIncomplete(`the guest has more than ${files.length} files where it was looked`);

  doing = 'fetched';
  const wanted = await chooseFiles(files, selection, caps, ledger);
  await makeDirectories(await emptyDirectories(files, [...wanted.keys()]), input, ledger);
  const fetching = new FetchFiles({ ...input, ledger, list, patience });
  await fetching.fetch(wanted);
  return ledger.report();
}
