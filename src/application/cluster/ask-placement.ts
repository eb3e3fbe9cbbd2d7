import { err, ok, type Result } from 'neverthrow';
import {
  checkChoices,
  type PlaceableMembers,
  type PlacementChoice,
  rankCandidates,
} from '../../domain/machine/placement.js';
import type { Placement, PlacementRequest } from '../../ports/placement.js';
import { awakeTimeout } from '../../streams/awake-timer.js';
import { onAbort } from '../../streams/on-abort.js';

/** Longest time for an answer: a job waits for it. */
export const PLACEMENT_BOUND_MS = 30_000;

/** By what is there already, then by what is free. */
export const DEFAULT_PLACEMENT: Placement = { rank: ({ candidates }) => rankCandidates(candidates) };

export type PlacementFault =
  | { readonly kind: 'cancelled'; readonly message: string }
  | { readonly kind: 'invalid_placement'; readonly message: string };

/** Asks a placement, and believes nothing of its answer: it may be somebody else's. */
export async function askPlacement(
  placement: Placement,
  request: Omit<PlacementRequest, 'signal'> & PlaceableMembers,
  { signal, boundMs = PLACEMENT_BOUND_MS }: { readonly signal: AbortSignal; readonly boundMs?: number },
): Promise<Result<readonly PlacementChoice[], PlacementFault>> {
  if (request.candidates.length === 0) return ok([]);
  using late = awakeTimeout(boundMs);
  const ended = AbortSignal.any([signal, late.signal]);
  let forget = () => {};
  const aborted = new Promise<null>((resolve) => {
    forget = onAbort(ended, () => resolve(null));
  });
  // What it changes of what it was shown is its own.
  const shown = structuredClone({ ...request });
  const asked = Promise.resolve()
    .then(async () => ({ answer: await placement.rank({ ...shown, signal: ended }) }))
    .catch((thrown: unknown) => ({ thrown }));
  const said = await Promise.race([asked, aborted]);
  forget();
  if (said === null && signal.aborted)
    return err({ kind: 'cancelled', message: 'cancelled while the job was being placed' });
  if (said === null) return err(invalid(`it has not answered within ${boundMs / 1000} s`));
  if ('thrown' in said) return err(invalid(`it threw: ${textOf(said.thrown)}`));
  const checked = checkChoices(said.answer, request);
  return 'problem' in checked ? err(invalid(checked.problem)) : ok(checked.choices);
}

function invalid(why: string): PlacementFault {
  return { kind: 'invalid_placement', message: `the placement given to createPikaci: ${why}` };
}

function textOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
