import { err, ok, type Result } from 'neverthrow';
import type { z } from 'zod';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { type CallSite, fault } from '../http/call-site.js';

/** A value of the daemon in the shape that was promised, or `unexpected_answer` with the path of the first value that is not. */
export function parseValue<T>(
  site: CallSite,
  schema: z.ZodType<T>,
  value: unknown,
  at = '',
): Result<T, IncusFault> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return ok(parsed.data);
  const issue = parsed.error.issues[0];
  const path = [at, ...(issue?.path ?? []).map(String)].filter((part) => part !== '').join('.');
  return err(fault(site, 'unexpected_answer', `${path || 'the answer'}: ${issue?.message ?? 'not valid'}`));
}

export function parseJson(site: CallSite, body: Uint8Array): Result<unknown, IncusFault> {
  try {
    return ok(JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')));
  } catch {
    return err(fault(site, 'unexpected_answer', 'the answer: not JSON'));
  }
}
