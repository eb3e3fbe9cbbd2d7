import type { Result } from 'neverthrow';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { LogPart } from '../../../ports/log-reader.js';
import { type Refusal, refusalOf } from '../source/refusal.js';

/** A piece of a file from an offset on. */
export type ReadPiece = (offset: number) => Promise<Result<LogPart, RunStateFault>>;

/** A file, read piece by piece as the client takes it. A file that grows is sent as long as it was said to be. */
export async function fileAnswer(
  read: ReadPiece,
  headers: Readonly<Record<string, string>>,
): Promise<Response | Refusal> {
  const first = await read(0);
  if (first.isErr()) return refusalOf(first.error);
  const { size } = first.value;
  let next: Uint8Array | null = first.value.data;
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    async pull(stream) {
      if (sent >= size) return stream.close();
      if (next === null) {
        const part = await read(sent);
        if (part.isErr()) return stream.error(new Error(part.error.message));
        next = part.value.data;
      }
      if (next.length === 0) return stream.error(new Error('the file became shorter'));
      const piece = next.subarray(0, size - sent);
      sent += piece.length;
      next = null;
      stream.enqueue(piece);
    },
  });
  return new Response(body, { headers: { ...headers, 'content-length': String(size) } });
}
