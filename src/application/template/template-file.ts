import { createHash } from 'node:crypto';

const MOST_BYTES = 2 ** 40;
/** So much of a file says what it is. */
const HEAD_BYTES = 262;

/** What the files begin with that the daemon unpacks: gzip, zstd, xz, bzip2; and where a plain tar says so. */
const BEGINNINGS = ['1f8b', '28b52ffd', 'fd377a585a00', '425a68'].map((hex) => Buffer.from(hex, 'hex'));
const TAR = { at: 257, text: 'ustar' };

/** The file of a template as it is read: passed on in pieces, counted and hashed. */
export class TemplateFile {
  /** Why the file is not sent, or not to its end: a sentence; null while nothing is wrong with it. */
  refused: string | null = null;
  /** Why the caller's file could not be read; null while it can be. */
  unread: string | null = null;
  bytes = 0;
  readonly #content: AsyncIterable<Uint8Array>;
  readonly #hash = createHash('sha256');

  constructor(content: AsyncIterable<Uint8Array>) {
    this.#content = content;
  }

  /** In hex, of what was passed on; to be asked for once, at the end. */
  sha256(): string {
    return this.#hash.digest('hex');
  }

  async *pieces(): AsyncGenerator<Uint8Array> {
    let head = Buffer.alloc(0);
    let isKnown = false;
    for await (const piece of this.#read()) {
      if (isKnown) {
        yield this.#passed(piece);
        continue;
      }
      head = Buffer.concat([head, piece]);
      if (head.length < HEAD_BYTES) continue;
      isKnown = true;
      this.#check(head);
      yield this.#passed(head);
    }
    if (isKnown) return;
    this.#check(head);
    yield this.#passed(head);
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    try {
      yield* this.#content;
    } catch (error) {
      this.unread = error instanceof Error ? error.message : String(error);
      throw error;
    }
  }

  #passed(piece: Uint8Array): Uint8Array {
    this.bytes += piece.length;
    if (this.bytes > MOST_BYTES) this.#refuse(`the file has more than ${MOST_BYTES} bytes`);
    this.#hash.update(piece);
    return piece;
  }

  #check(head: Buffer): void {
    if (head.length === 0) this.#refuse('the file is empty');
    const isPacked = BEGINNINGS.some((beginning) => head.subarray(0, beginning.length).equals(beginning));
    if (isPacked || head.subarray(TAR.at).toString('latin1').startsWith(TAR.text)) return;
    this.#refuse('the file is no image of Incus: "pikaci template export" makes one');
  }

  #refuse(why: string): never {
    this.refused = why;
    throw new Error(why);
  }
}
