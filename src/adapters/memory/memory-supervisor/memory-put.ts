import type { OutputChunk } from '../../../ports/output-chunk.js';
import type { MemoryProcess } from '../memory-incus/memory-process.js';

/** `put PATH MODE [--root]`: the input becomes a file, and its parents are made. */
export async function* put(
  { files, stdin }: MemoryProcess,
  [path = '', mode = '']: readonly string[],
): AsyncGenerator<OutputChunk, number, undefined> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stdin) pieces.push(piece);
  const parts = path.split('/').slice(1, -1);
  for (const index of parts.keys()) {
    const made = files.makeDirectory({ path: `/${parts.slice(0, index + 1).join('/')}` });
    if (made.isErr()) return yield* refuse(made.error.message);
  }
  const file = { path, content: Buffer.concat(pieces), mode: Number.parseInt(mode, 8) };
  const written = files.write({ ...file, write: 'overwrite' });
  return written.isErr() ? yield* refuse(written.error.message) : 0;
}

async function* refuse(message: string): AsyncGenerator<OutputChunk, number, undefined> {
  yield { stream: 'stderr', data: Buffer.from(`pikaci-incus-run: setup: ${message}\n`) };
  return 70;
}
