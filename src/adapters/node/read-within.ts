import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { nativePath } from '../../streams/name-bytes.js';
import { KindError } from './node-faults.js';

const CHUNK = 256 * 1024;

/** Reads a whole file and no more than one byte above `maxBytes`. A pipe without a writer does not block the open. */
export async function readWithin(path: string, maxBytes: number): Promise<Uint8Array> {
  await using handle = await open(nativePath(path), constants.O_RDONLY | constants.O_NONBLOCK);
  const { size } = await handle.stat();
  if (size > maxBytes) throw new KindError('too_large', `it has more than ${maxBytes} bytes`);
  const pieces: Buffer[] = [];
  let length = 0;
  for (;;) {
    const room = Math.min(maxBytes + 1 - length, Math.max(CHUNK, size - length));
    const { bytesRead, buffer } = await handle.read(Buffer.allocUnsafe(room), 0, room, null);
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(buffer.subarray(0, bytesRead));
    length += bytesRead;
    if (length > maxBytes) throw new KindError('too_large', `it has more than ${maxBytes} bytes`);
  }
}
