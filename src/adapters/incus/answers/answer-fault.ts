import type { IncusFault } from '../../../ports/incus-fault.js';
import { type CallSite, fault } from '../http/call-site.js';

/** Incus 6.0 says several things in the text only, under a bare 500. First match wins. */
const texts: readonly (readonly [RegExp, IncusFault['kind']])[] = [
  [/UNIQUE constraint|already exists/i, 'already_exists'],
  [/instance is busy|busy running/i, 'busy'],
  // Of the list of instances, to a restricted certificate; other calls say the same with 403.
  [/does not have permissions? for project/i, 'permission_denied'],
  // internal/server/project/permissions.go of Incus: checkInstanceCountLimit, checkTotalInstanceCountLimit, checkAggregateLimits.
  [/Reached maximum (number of instances|aggregate value)/i, 'quota_reached'],
  // shared/project of Incus: what a restricted project or its limits refuse.
  [/Failed checking if .* allowed|\b(is|are) forbidden|of project ".*"/i, 'invalid_request'],
];

const statuses: Readonly<Record<number, IncusFault['kind']>> = {
  401: 'permission_denied',
  403: 'permission_denied',
  404: 'not_found',
  409: 'already_exists',
  412: 'stale',
};

function byText(message: string): IncusFault['kind'] | undefined {
  return texts.find(([pattern]) => pattern.test(message))?.[1];
}

/** The one place where a refused request becomes a fault. */
export function answerFault(site: CallSite, status: number, message: string): IncusFault {
  const known = statuses[status];
  if (known !== undefined && status !== 409) return fault(site, known, message, status);
  const kind = byText(message) ?? known ?? (status >= 500 ? 'server_error' : 'invalid_request');
  return fault(site, kind, message, status);
}

/** How the background operation failed. Its numbers are the daemon's guesses, its text is what can be relied on. */
export function operationFault(site: CallSite, status: number | null, message: string): IncusFault {
  // 6.0.4 answers a wait that ran out so; an operation that failed by a deadline of its own says more.
  if (/^context deadline exceeded$/i.test(message.trim())) return fault(site, 'timed_out', message, status);
  return fault(site, byText(message) ?? 'operation_failed', message, status);
}
