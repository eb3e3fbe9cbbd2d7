import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { type JobHolder, jobHolderSchema } from '../../domain/job/job-holder.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';

const MOST_BYTES = 64 * 1024;

/** The newest lock of a directory. */
export interface FoundLock {
  readonly generation: number;
  /** As it lies there; empty when it has been let go of. */
  readonly text: string;
  /** Null when that is not to be made out. */
  readonly holder: JobHolder | null;
}

const holderFile = (directory: string, generation: number) => `${directory}/.lock-${generation}/holder.json`;

/**
 * Locks of a directory that processes of several machines may see: `.lock-<n>`, each made by one rename, which one of many
 * wins. The highest number counts, and is taken away only by whoever holds a higher one: so a process that has been slow
 * sees, after its rename, whether it was too slow.
 */
export class LockFiles {
  constructor(
    private readonly files: FileStore,
    private readonly directory: string,
  ) {}

  async newest(): Promise<Result<FoundLock | null, FileFault>> {
    const generations = await this.generations();
    if (generations.isErr()) return err(generations.error);
    const generation = Math.max(0, ...generations.value);
    if (generation === 0) return ok(null);
    const text = await this.text(generation);
    return text.map((content) => ({ generation, text: content, holder: parseHolder(content) }));
  }

  async text(generation: number): Promise<Result<string, FileFault>> {
    const bytes = await this.files.readFile(holderFile(this.directory, generation), { maxBytes: MOST_BYTES });
    if (bytes.isOk()) return ok(Buffer.from(bytes.value).toString('utf8'));
    // On its way out, because a newer one is there.
    return bytes.error.kind === 'not_found' ? ok('') : err(bytes.error);
  }

  /** When the newest holder last said that it lives, ms since the epoch by the file system's clock; null where nobody holds it. */
  async lastBeat(): Promise<number | null> {
    const generations = await this.generations();
    const newest = generations.isOk() ? Math.max(0, ...generations.value) : 0;
    const found = newest === 0 ? null : await this.files.stat(holderFile(this.directory, newest));
    return found?.isOk() === true && found.value.size > 0 ? found.value.mtimeMs : null;
  }

  /** False when somebody else was faster. */
  async take(generation: number, holder: JobHolder): Promise<Result<boolean, FileFault>> {
    const making = `${this.directory}/.locking-${randomBytes(8).toString('hex')}`;
    const made = await this.files.makeDirectory(making);
    if (made.isErr()) return err(made.error);
    // Not synced: after a crash of the machine its holder is gone anyway.
    const written = await this.files.appendFile(`${making}/holder.json`, holderBytes(holder));
    const placed = written.isErr()
      ? written
      : await this.files.rename(making, `${this.directory}/.lock-${generation}`);
    if (placed.isErr()) {
      await this.files.remove(making, { recursive: true });
      const { kind } = placed.error;
      return kind === 'not_empty' || kind === 'already_exists' || kind === 'not_found'
        ? ok(false)
        : err(placed.error);
    }
    const after = await this.generations();
    if (after.isErr()) return err(after.error);
    const won = Math.max(...after.value) === generation;
    const old = won ? after.value.filter((one) => one < generation) : [generation];
    for (const one of old) await this.files.remove(`${this.directory}/.lock-${one}`, { recursive: true });
    return ok(won);
  }

  renew(generation: number, holder: JobHolder): Promise<Result<void, FileFault>> {
    return this.files.writeFile(holderFile(this.directory, generation), holderBytes(holder));
  }

  /** Cut to nothing, which a full disk allows as well. */
  release(generation: number): Promise<Result<void, FileFault>> {
    return this.files.truncate(holderFile(this.directory, generation), 0);
  }

  /** The numbers of the locks that lie there. */
  async generations(): Promise<Result<readonly number[], FileFault>> {
    const listed = await this.files.list(this.directory);
    return listed.map((entries) =>
      entries.flatMap(({ name }) => {
        const found = /^\.lock-([1-9][0-9]{0,8})$/.exec(name);
        return found === null ? [] : [Number(found[1])];
      }),
    );
  }
}

function holderBytes(holder: JobHolder): Uint8Array {
  return Buffer.from(`${JSON.stringify(holder)}\n`);
}

function parseHolder(text: string): JobHolder | null {
  try {
    return jobHolderSchema.safeParse(JSON.parse(text)).data ?? null;
  } catch {
    return null;
  }
}
