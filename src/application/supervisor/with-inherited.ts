import type { GuestRequest } from '../../domain/job/guest-request.js';
import { whyTooLong } from '../../domain/values/environment.js';

/** A request with variables below its own. One whose own leave no room for them goes without. */
export function withInherited(
  request: GuestRequest,
  inherited: Readonly<Record<string, string>>,
): GuestRequest {
  if (Object.keys(inherited).length === 0) return request;
  const environment = { ...inherited, ...request.environment };
  return whyTooLong(environment) === null ? { ...request, environment } : request;
}
