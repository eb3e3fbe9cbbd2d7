import type { Context } from 'hono';

/** A form has a proof of where it is from, and no more. */
const LARGEST_FORM = 1024;

/** What is longer is no form of ours, and not read further. */
export async function proofIn(c: Context): Promise<string | null> {
  if (c.req.header('content-type')?.startsWith('application/x-www-form-urlencoded') !== true) return null;
  const parts: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const part of c.req.raw.body ?? []) {
      length += part.length;
      if (length > LARGEST_FORM) return null;
      parts.push(part);
    }
  } catch {
    // The client is gone, or took too long: that is no fault of the server's.
    return null;
  }
  return new URLSearchParams(Buffer.concat(parts).toString('utf8')).get('proof');
}
