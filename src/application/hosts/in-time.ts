import type { HostDocument } from '../../domain/records/host-documents.js';
import { awakeBound, awakeTimer } from '../../streams/awake-timer.js';
import { onAbort } from '../../streams/on-abort.js';
import { unreachable } from './look-at-host.js';

/** What has not been said by then is not told. */
const LOOK_MS = 15_000;
/** What hears the signal comes before, with all that it was told. */
const LAST_WORD_MS = 500;

/** The end of a look at hosts. */
export function endOfLook(asked: AbortSignal | undefined): AbortSignal {
  return AbortSignal.any([awakeBound(LOOK_MS), asked ?? []].flat());
}

/** A look at one host, which ends also where that does not hear its signal. */
export async function inTime(
  at: { readonly host: string; readonly member: string | null },
  signal: AbortSignal,
  look: () => Promise<HostDocument>,
): Promise<HostDocument> {
  let forget: () => void = () => undefined;
  const over = new Promise<HostDocument>((resolve) => {
    const give = () => resolve(unreachable({ ...at, why: 'it has not answered in time' }));
    const leave = onAbort(signal, () => {
      forget = awakeTimer(LAST_WORD_MS, give, { unref: true });
    });
    forget = leave;
  });
  try {
    return await Promise.race([look(), over]);
  } finally {
    forget();
  }
}
