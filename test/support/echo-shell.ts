import { ok } from 'neverthrow';
import type { GuestShell } from '../../src/application/machine/guest-shell.js';
import type { OutputChunk } from '../../src/ports/output-chunk.js';

/** A shell that shows what is typed, and ends with status 7 at Ctrl-D. What was asked of it is in `said`. */
export function echoShell(greeting: string, said: string[]): GuestShell {
  const chunks: OutputChunk[] = [];
  let wake: () => void = () => undefined;
  let isOver = false;
  let ended: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    ended = resolve;
  });
  const show = (text: string) => {
    chunks.push({ stream: 'stdout', data: Buffer.from(text) });
    wake();
  };
  const finish = () => {
    isOver = true;
    wake();
    ended();
  };
  show(greeting);
  async function* output(): AsyncGenerator<OutputChunk> {
    for (;;) {
      const next = chunks.shift();
      if (next !== undefined) yield next;
      else if (isOver) return;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }
  return {
    output: output(),
    exit: over.then(() => ok({ code: 7, signal: null })),
    write: async (data) => {
      const text = Buffer.from(data).toString('utf8');
      said.push(`typed ${JSON.stringify(text)}`);
      if (text.includes('\u0004')) finish();
      else show(text.replaceAll('\r', '\r\n'));
      return ok(undefined);
    },
    resize: async ({ columns, rows }) => {
      said.push(`resized ${columns > 0 && rows > 0}`);
      return ok(undefined);
    },
    [Symbol.asyncDispose]: async () => {
      said.push('ended');
      finish();
    },
  };
}
