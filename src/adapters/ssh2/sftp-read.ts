import { err, ok, type Result } from 'neverthrow';
import type { Stats } from 'ssh2';
import type { FileFault } from '../../ports/file-store.js';
import type { SftpCalls } from './sftp-calls.js';

/** OpenSSH answers up to 256 KiB less its framing; a server with less gives short reads, which are followed up. */
const CHUNK = 128 * 1024;
/** Reads under way at once, so that a distant host costs bandwidth and not round trips. */
const WINDOW = 8;

/** Reads a whole file, and no more than one byte above `maxBytes`. */
export async function sftpReadFile(
  calls: SftpCalls,
  maxBytes: number,
): Promise<Result<Uint8Array, FileFault>> {
  const handle = await calls.request<Buffer>((sftp, answer) => sftp.open(calls.call.path, 'r', answer));
  if (handle.isErr()) return err(handle.error);
  const read = (position: number, length: number) => readAt(calls, handle.value, position, length);
  try {
    // The size and the first piece in one round trip; files in /proc have a size of 0.
    const [stats, first] = await Promise.all([
      calls.request<Stats>((sftp, answer) => sftp.fstat(handle.value, answer)),
      read(0, Math.min(CHUNK, maxBytes + 1)),
    ]);
    if (stats.isErr()) return err(stats.error);
    if ((stats.value.mode & 0o170000) === 0o040000)
      return err(calls.fault('is_a_directory', 'it is a directory'));
    if (first.isErr()) return err(first.error);
    if (stats.value.size > maxBytes) return err(tooLarge(calls, maxBytes));
    const pieces = [first.value];
    let position = first.value.length;
    let ended = position === 0;
    while (!ended) {
      if (position > maxBytes) return err(tooLarge(calls, maxBytes));
      const expected = Math.max(1, stats.value.size - position);
      const count = Math.min(WINDOW, Math.ceil(expected / CHUNK));
      const round = await Promise.all(
        Array.from({ length: count }, (_, index) => read(position + index * CHUNK, CHUNK)),
      );
      for (const piece of round) {
        if (piece.isErr()) return err(piece.error);
        position += piece.value.length;
        pieces.push(piece.value);
        ended = piece.value.length === 0;
        // What lies behind a short piece was asked for at the wrong place.
        if (piece.value.length < CHUNK) break;
      }
    }
    const whole = Buffer.concat(pieces);
    return whole.length > maxBytes ? err(tooLarge(calls, maxBytes)) : ok(whole);
  } finally {
    void calls.quietly((sftp, answer) => sftp.close(handle.value, (error) => answer(error, undefined)));
  }
}

function tooLarge(calls: SftpCalls, maxBytes: number): FileFault {
  return calls.fault('too_large', `it has more than ${maxBytes} bytes`);
}

const EOF_CODE = 1;

function readAt(
  calls: SftpCalls,
  handle: Buffer,
  position: number,
  length: number,
): Promise<Result<Buffer, FileFault>> {
  const buffer = Buffer.allocUnsafe(length);
  return calls.request<Buffer>((sftp, answer) =>
    sftp.read(handle, buffer, 0, length, position, (error, bytes) => {
      const ended = (error as { code?: unknown } | undefined)?.code === EOF_CODE;
      if (error && !ended) answer(error, buffer);
      else answer(undefined, buffer.subarray(0, ended ? 0 : bytes));
    }),
  );
}
