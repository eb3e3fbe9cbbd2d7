import type { Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { LogPart } from '../../../ports/log-reader.js';
import { type Refusal, refusalOf } from '../source/refusal.js';
import { askedRange, isNotModified, rangeHolds, rangeWithin, validatorsOf } from './file-conditions.js';

/** A piece of a file from an offset on. */
export type ReadPiece = (offset: number) => Promise<Result<LogPart, RunStateFault>>;

/**
 * A file or the part of it that is asked for, read piece by piece as the client takes it; nothing when the client has it already. A file that
 * grows is sent as long as it was said to be.
 */
export async function fileAnswer(
  read: ReadPiece,
  request: Headers,
  headers: Readonly<Record<string, string>>,
): Promise<Response | Refusal> {
  const range = askedRange(request);
  const looked = await read(range?.kind === 'from' ? range.first : 0);
  if (looked.isErr()) return refusalOf(looked.error);
  const { size, modifiedMs } = looked.value;
  const validators = validatorsOf({ size, modifiedMs }, Date.now());
  if (isNotModified(request, validators)) return new Response(null, { status: 304, headers: validators });
  const all = { ...headers, ...validators };
  if (range === null || !rangeHolds(request, validators)) {
    return partAnswer(read, looked.value, { first: 0, length: size }, { status: 200, headers: all });
  }
  const part = rangeWithin(range, size);
  if (part === null) {
    const refused = { ...validators, 'content-range': `bytes */${size}` };
    const error = {
      kind: 'invalid_range',
      message: `the file has ${size} bytes, and none of those asked for`,
    };
    return Response.json({ error }, { status: 416, headers: refused });
  }
  const { first, length } = part;
  const contentRange = `bytes ${first}-${first + length - 1}/${size}`;
  return partAnswer(read, looked.value, part, {
    status: 206,
    headers: { ...all, 'content-range': contentRange },
  });
}

function partAnswer(
  read: ReadPiece,
  looked: LogPart,
  { first, length }: { readonly first: number; readonly length: number },
  { status, headers }: { readonly status: number; readonly headers: Readonly<Record<string, string>> },
): Response {
  let next: Uint8Array | null = looked.offset === first ? looked.data : null;
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      if (sent >= length) return stream.close();
      if (next === null) {
        const part = await read(first + sent);
        if (part.isErr()) return stream.error(new Error(part.error.message));
        next = part.value.data;
      }
      if (next.length === 0) return stream.error(new Error('the file became shorter'));
      const piece = next.subarray(0, length - sent);
      sent += piece.length;
      next = null;
      stream.enqueue(piece);
    },
  });
  return new Response(body, { status, headers: { ...headers, 'content-length': String(length) } });
}
