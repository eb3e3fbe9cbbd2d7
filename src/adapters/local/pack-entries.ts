import { createHash } from 'node:crypto';
import { closeSync, constants, fstatSync, lstatSync, openSync, readlinkSync, readSync } from 'node:fs';
import { err, ok, type Result } from 'neverthrow';
import type { EntryContent } from '../../ports/entry-content.js';
import type { ExitStatus, OutputChunk } from '../../ports/output-chunk.js';
import type { RunningCommand, ShellFault } from '../../ports/remote-shell.js';
import { filePath } from '../../streams/name-bytes.js';
import { shellFault } from '../../streams/shell-fault.js';
import { tarEnd, tarEntryHead, tarPadding } from '../../streams/tar-entry.js';
import type { PackInput } from '../../streams/tree-transfer.js';

const PIECE = 256 * 1024;
// O_NONBLOCK: a FIFO that took the file's place must not hold the process.
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * The archive of a list of files whose content is known, made here and not by a `tar` whose reading nobody could look at: each
 * file is hashed once more from the very bytes that are sent. It ends with `source_changed` at the first that is another one.
 */
export function packEntries(input: PackInput): RunningCommand {
  let resolve: (exit: Result<ExitStatus, ShellFault>) => void = () => {};
  const promise = new Promise<Result<ExitStatus, ShellFault>>((settle) => {
    resolve = settle;
  });
  const cancelled = () => resolve(err(shellFault('aborted', input.at, 'cancelled by the caller')));
  async function* output(): AsyncGenerator<OutputChunk> {
    try {
      for (const data of archive(input)) {
        yield { stream: 'stdout', data };
        if (input.signal.aborted) return cancelled();
      }
      resolve(ok({ code: 0, signal: null }));
    } catch (cause) {
      resolve(err(fault(input, cause)));
    } finally {
      // Whoever stops reading has ended it.
      cancelled();
    }
  }
  return {
    output: output(),
    exit: promise,
    async [Symbol.asyncDispose]() {
      cancelled();
    },
  };
}

class Changed extends Error {
  constructor(
    readonly path: string,
    how: string,
  ) {
    super(`${path} ${how}`);
  }
}

function fault({ at, upload }: PackInput, cause: unknown): ShellFault {
  if (!(cause instanceof Changed)) return shellFault('transfer_failed', at, String(cause));
  const message = `${cause.message} while ${upload.source} was sent, so nothing of it was kept; run again when nothing writes to it`;
  return { kind: 'source_changed', ...at, message, path: cause.path };
}

/**
 * In pieces of some size, since each crosses several streams. Two names of one file are two files: their contents say nothing of it, and who
 * writes to the one must find the other as it was said to be.
 */
function* archive({ upload, entries, contents }: PackInput): Generator<Buffer> {
  const owner = upload.owner ?? { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
  let waiting: Buffer[] = [];
  let held = 0;
  let total = 0;
  for (const [index, path] of entries.entries()) {
    const content = contents[index];
    if (content === undefined) throw new Error(`it is not said what ${path} holds`);
    for (const data of entryOf({ absolute: localPath(upload, path), path, content, owner })) {
      waiting.push(data);
      held += data.length;
      total += data.length;
      if (held < PIECE) continue;
      yield Buffer.concat(waiting);
      [waiting, held] = [[], 0];
    }
  }
  yield Buffer.concat([...waiting, tarEnd(total)]);
}

function localPath({ source, gitDirectory }: PackInput['upload'], path: string): string | Buffer {
  if (gitDirectory === undefined || !path.startsWith('.git/')) return filePath(source, path);
  return filePath(gitDirectory, path.slice('.git/'.length));
}

interface Entry {
  readonly absolute: string | Buffer;
  readonly path: string;
  readonly content: EntryContent;
  readonly owner: { readonly uid: number; readonly gid: number };
}

function* entryOf(entry: Entry): Generator<Buffer> {
  const { path } = entry;
  try {
    yield* readEntry(entry);
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? '';
    if (code === 'ENOENT' || code === 'ENOTDIR') throw new Changed(path, 'was removed');
    if (code === 'ELOOP' || code === 'EINVAL') throw new Changed(path, 'was replaced');
    if (cause instanceof Changed || code === '') throw cause;
    throw new Changed(path, `could not be read any more (${(cause as Error).message})`);
  }
}

function* readEntry({ absolute, path, content, owner }: Entry): Generator<Buffer> {
  if (content.kind === 'l') {
    const linkTo = readlinkSync(absolute, { encoding: 'buffer' });
    if (createHash('sha256').update(linkTo).digest('hex') !== content.sha256)
      throw new Changed(path, 'changed');
    yield tarEntryHead(path, content, { owner, linkTo });
    return;
  }
  if (!lstatSync(absolute).isFile()) throw new Changed(path, 'was replaced');
  const fd = openSync(absolute, FLAGS);
  try {
    if (!fstatSync(fd).isFile()) throw new Changed(path, 'was replaced');
    yield tarEntryHead(path, content, { owner });
    const hash = createHash('sha256');
    // Just as much as was hashed: what a log has got since then is the next snapshot's.
    for (let left = content.bytes; left > 0; ) {
      const piece = Buffer.allocUnsafe(Math.min(left, PIECE));
      const got = readSync(fd, piece, 0, piece.length, null);
      if (got === 0) throw new Changed(path, 'became shorter');
      hash.update(piece.subarray(0, got));
      left -= got;
      yield piece.subarray(0, got);
    }
    if (hash.digest('hex') !== content.sha256) throw new Changed(path, 'changed');
    yield tarPadding(content.bytes);
  } finally {
    closeSync(fd);
  }
}
