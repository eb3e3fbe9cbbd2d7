import { type IncomingHttpHeaders, request } from 'node:http';
import { onTestFinished } from 'vitest';
import type { ServeOptions } from '../../src/adapters/http/serve.js';
import { serve } from '../../src/composition/serve.js';
import { temporaryDirectory } from './temporary-directory.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Served {
  readonly stateRoot: string;
  readonly port: number;
  readonly url: string;
  /** The path is sent as it is: nothing is normalised on the way. */
  get(path: string, headers?: Record<string, string>, method?: string): Promise<Answer>;
  /** What a form sends. */
  post(path: string, headers: Record<string, string>, form: Record<string, string>): Promise<Answer>;
  close(): Promise<void>;
}

/** The server on a port of its own, with an empty state root; both are gone after the test. */
export async function served(
  token: string | null = null,
  also: Pick<ServeOptions, 'publicBadges' | 'actions' | 'hosts' | 'terminal'> = {},
): Promise<Served> {
  const directory = await temporaryDirectory();
  const serving = (
    await serve(directory.path, { host: '127.0.0.1', port: 0, token, ...also })
  )._unsafeUnwrap();
  onTestFinished(async () => {
    await serving.close();
    await directory[Symbol.asyncDispose]();
  });
  const port = Number(new URL(serving.url).port);
  return {
    stateRoot: directory.path,
    port,
    url: serving.url,
    get: (path, headers = {}, method = 'GET') => ask({ port, path, headers, method }),
    post: (path, headers, form) =>
      ask({
        port,
        path,
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        method: 'POST',
        body: new URLSearchParams(form).toString(),
      }),
    close: () => serving.close(),
  };
}

function ask({
  body,
  ...call
}: {
  port: number;
  path: string;
  headers: Record<string, string>;
  method: string;
  body?: string;
}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', agent: false, ...call }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (piece: string) => {
        text += piece;
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
