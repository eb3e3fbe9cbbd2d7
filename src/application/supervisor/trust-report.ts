import { z } from 'zod';
import type { TrustReport } from './guest.js';

const trustSchema = z.object({ added: z.number(), trouble: z.string().max(4096) });

/** What the supervisor answers to `trust`; null for what is no such answer. */
export function trustReport(answer: Uint8Array): TrustReport | null {
  const { data } = trustSchema.safeParse(jsonOf(answer));
  return data === undefined
    ? null
    : { added: data.added, trouble: data.trouble === '' ? null : data.trouble };
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
