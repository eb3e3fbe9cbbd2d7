import { err, ok, type Result } from 'neverthrow';
import type { HttpAnswer, HttpClient, HttpFault, HttpPost } from '../../ports/http-client.js';

/** Answers as a test says; null is a server that cannot be reached. */
export class MemoryHttpClient implements HttpClient {
  /** What was asked so far. */
  readonly posts: HttpPost[] = [];
  /** What a server says to a request; 201 and `{}` when it is not set. */
  answer: (post: HttpPost, signal: AbortSignal) => HttpAnswer | null | Promise<HttpAnswer | null> = () => ({
    status: 201,
    text: '{}',
  });

  async post(post: HttpPost, signal: AbortSignal): Promise<Result<HttpAnswer, HttpFault>> {
    const { host } = new URL(post.url);
    if (signal.aborted) return err({ kind: 'cancelled', message: `no answer of ${host} in time` });
    this.posts.push(post);
    const answered = await Promise.race([
      this.answer(post, signal),
      new Promise<'cancelled'>((resolve) =>
        signal.addEventListener('abort', () => resolve('cancelled'), { once: true }),
      ),
    ]);
    if (answered === 'cancelled') return err({ kind: 'cancelled', message: `no answer of ${host} in time` });
    if (answered === null) return err({ kind: 'unreachable', message: `${host}: connection refused` });
    return ok(answered);
  }
}
