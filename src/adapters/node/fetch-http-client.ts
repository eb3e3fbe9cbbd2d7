import { err, ok, type Result } from 'neverthrow';
import type { HttpAnswer, HttpClient, HttpFault, HttpPost } from '../../ports/http-client.js';

const MOST_OF_ANSWER = 4096;

/** Node's own client. */
export class FetchHttpClient implements HttpClient {
  async post({ url, headers, body }: HttpPost, signal: AbortSignal): Promise<Result<HttpAnswer, HttpFault>> {
    try {
      const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'manual' });
      return ok({ status: response.status, text: await beginningOf(response) });
    } catch (error) {
      if (signal.aborted)
        return err({ kind: 'cancelled', message: `no answer of ${new URL(url).host} in time` });
      return err({ kind: 'unreachable', message: `${new URL(url).host}: ${reasonOf(error)}` });
    }
  }
}

async function beginningOf({ body }: Response): Promise<string> {
  if (body === null) return '';
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of body) {
    parts.push(part);
    size += part.length;
    // Leaving the loop ends the connection.
    if (size >= MOST_OF_ANSWER) break;
  }
  return Buffer.concat(parts).subarray(0, MOST_OF_ANSWER).toString('utf8');
}

/** fetch says "fetch failed", and the cause why. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (cause instanceof AggregateError && cause.errors[0] instanceof Error) return cause.errors[0].message;
  if (cause instanceof Error && cause.message !== '') return cause.message;
  return error instanceof Error ? error.message : String(error);
}
