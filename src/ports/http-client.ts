import type { Result } from 'neverthrow';

/** A request with a body. */
export interface HttpPost {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** What came back, whatever its status. */
export interface HttpAnswer {
  readonly status: number;
  /** The first kilobytes of the body. */
  readonly text: string;
}

/** Why there is no answer. The message says nothing of headers and body. */
export interface HttpFault {
  readonly kind: 'unreachable' | 'cancelled';
  readonly message: string;
}

/** Requests to others than the host, such as a forge. */
export interface HttpClient {
  /** Follows no redirection: what is sent has a token in it. Bounded by its signal alone. */
  post(request: HttpPost, signal: AbortSignal): Promise<Result<HttpAnswer, HttpFault>>;
}
