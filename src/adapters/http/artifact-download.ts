import { type Refusal, refusalOf } from './refusal.js';
import type { ServedRuns } from './run-source.js';

export interface ArtifactCall {
  readonly runId: string;
  readonly job: string;
  readonly path: string;
  readonly signal: AbortSignal;
}

/** A file to keep, never one to show: whatever it holds, a browser does not run it here. Read as the client takes it. */
export async function artifactDownload(
  { stateRoot, source }: ServedRuns,
  { runId, job, path, signal }: ArtifactCall,
): Promise<Response | Refusal> {
  const read = (offset: number) => source.readArtifact(stateRoot, runId, { job, path, offset, signal });
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
      // A file that grows is sent as long as it was said to be.
      const piece = next.subarray(0, size - sent);
      sent += piece.length;
      next = null;
      stream.enqueue(piece);
    },
  });
  return new Response(body, {
    headers: {
      'content-type': 'application/octet-stream',
      'content-length': String(size),
      'content-disposition': disposition(path.slice(path.lastIndexOf('/') + 1)),
    },
  });
}

/** RFC 6266: a plain name for old clients, and the true one as RFC 8187 encodes it. */
function disposition(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]/g, '_');
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (found) => `%${found.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}
