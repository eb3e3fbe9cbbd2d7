import { type IncomingMessage, request } from 'node:http';
import type { Served } from './served.js';

/** Server-sent events, as a client gets them. */
export interface EventStream {
  /** Resolves when the text has arrived. */
  saw(text: string): Promise<void>;
  readonly ended: Promise<string>;
  leave(): void;
}

export function eventStream(
  server: Pick<Served, 'port'>,
  path: string,
  headers: Record<string, string> = {},
): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port: server.port, path, agent: false, headers }, (response) =>
      resolve(reading(response, () => sent.destroy())),
    );
    sent.on('error', reject);
    sent.end();
  });
}

function reading(response: IncomingMessage, leave: () => void): EventStream {
  let text = '';
  const waiting = new Set<() => void>();
  response.setEncoding('utf8');
  response.on('data', (piece: string) => {
    text += piece;
    for (const check of waiting) check();
  });
  return {
    leave,
    ended: new Promise((resolve) => response.on('close', () => resolve(text))),
    saw: (wanted) =>
      new Promise((resolve) => {
        const check = () => {
          if (text.includes(wanted)) resolve();
        };
        waiting.add(check);
        check();
      }),
  };
}
