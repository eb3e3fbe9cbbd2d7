import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { CallSite } from '../http/call-site.js';
import type { HttpAnswer } from '../http/exchange.js';
import { answerFault } from './answer-fault.js';
import { parseJson, parseValue } from './parse.js';

const operationId = z.string().transform((path, context) => {
  try {
    const [, id] = /^\/1\.0\/operations\/([^/?]+)/.exec(path) ?? [];
    if (id !== undefined) return decodeURIComponent(id);
  } catch {
    // A "%" that begins nothing.
  }
  context.addIssue({ code: 'custom', message: 'not the path of an operation' });
  return z.NEVER;
});

/** Source: doc/rest-api.md, "Return values": every JSON answer is one of these three. */
export const envelopeSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('sync'), metadata: z.unknown() }),
  z.object({
    type: z.literal('async'),
    /** Its id, of `/1.0/operations/ID?project=p`. */
    operation: operationId,
    metadata: z.unknown(),
  }),
  z.object({ type: z.literal('error'), error: z.string(), error_code: z.number().int() }),
]);

export type Envelope = z.infer<typeof envelopeSchema>;
export type Accepted = Exclude<Envelope, { type: 'error' }>;

/** The envelope of an answer, whatever it says. */
export function envelopeOf(site: CallSite, answer: HttpAnswer): Result<Envelope, IncusFault> {
  const parsed = parseJson(site, answer.body).andThen((value) => parseValue(site, envelopeSchema, value));
  // A refusal from something in front of the daemon (a proxy, TLS) need not be JSON; its status still counts.
  if (parsed.isErr() && answer.status >= 400) {
    const text = answer.body.toString('utf8').trim().slice(0, 500);
    return err(answerFault(site, answer.status, text || `HTTP status ${answer.status}`));
  }
  return parsed;
}

/** What the daemon accepted; a refusal is the fault that it stands for. */
export function acceptedOf(site: CallSite, answer: HttpAnswer): Result<Accepted, IncusFault> {
  return envelopeOf(site, answer).andThen((envelope) =>
    envelope.type === 'error'
      ? err(answerFault(site, answer.status >= 400 ? answer.status : envelope.error_code, envelope.error))
      : ok(envelope),
  );
}
