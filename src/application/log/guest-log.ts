import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { JobStateLayout } from '../../domain/records/run-layout.js';
import type { Clock } from '../../ports/clock.js';
import type { FileFault, FileStore, FileWriter } from '../../ports/file-store.js';
import { SecretMasker } from '../secrets/secret-masker.js';
import { fitInRoom } from './fit-in-room.js';
import { KeptPositions } from './kept-positions.js';

/** How long a position may be behind the log, ms: what a killed runner reads again is cut off first, so nothing doubles. */
const POSITION_EVERY_MS = 1000;

/** Larger logs are cut where they are, bytes. */
const MOST_COPIED = 16 * 1024 * 1024;

const positionSchema = z.object({
  schema_version: z.literal(1),
  /** Bytes of the guest's own log that are accounted for. */
  guest_bytes: z.number().int().nonnegative(),
  /** Bytes of `guest.log` that stand for them: fewer or more, as secrets are masked, and capped. */
  kept_bytes: z.number().int().nonnegative(),
  /** The cap was reached before that: the copy ends there. */
  cut: z.boolean().optional(),
  /** The last secrets before that, each with where it began in the guest's log, its length, and that of what stands for it. */
  masked: z
    .array(z.tuple([z.number().int(), z.number().int(), z.number().int()]))
    .max(1000)
    .optional(),
});
type Position = z.infer<typeof positionSchema>;

const START: Position = { schema_version: 1, guest_bytes: 0, kept_bytes: 0 };

export interface GuestLogInput {
  readonly files: FileStore;
  readonly clock: Clock;
  readonly state: Pick<JobStateLayout, 'guestLog' | 'guestLogPosition'>;
  /** Values to mask. */
  readonly secrets: Iterable<string>;
  readonly maxBytes: number;
  /**
   * Whether this runner may still write here, asked before each write: one that was stopped for long may have been taken for gone, and
   * the log is another's then. When it is false, whoever follows the log has been told.
   */
  readonly isOurs: () => Promise<boolean>;
  /** Gets what was kept, in order. */
  readonly onKept: (data: Uint8Array) => void;
  /** Called once, behind the last byte that is kept, when the cap is reached. */
  readonly onCut?: (keptBytes: number) => void;
  /** A position of the guest's log at which what was taken is told of before the rest is; null for none. */
  readonly nextMark?: () => number | null;
  /** Called when more has been kept, or nothing more will come. */
  readonly onProgress?: () => void;
}

/**
 * The runner's copy of a job's log: masked, capped, and always accompanied by a position from which the guest's own log
 * goes on. A runner that takes over cuts the copy back to the position and reads on from there.
 */
export class GuestLog implements AsyncDisposable {
  readonly #input: GuestLogInput;
  readonly #writer: FileWriter;
  readonly #masker: SecretMasker;
  readonly #positions: KeptPositions;
  #received: number;
  #settled: number;
  #kept: number;
  /** At its cap; nothing is kept any more, also where a character did not fit in what was left of the room. */
  #isCut: boolean;
  #saysCut = () => {};
  /** Resolves when the copy is at its cap. */
  readonly whenCut = new Promise<void>((resolve) => {
    this.#saysCut = resolve;
  });
  /** What a write has failed with: the copy ends there, whatever else comes. */
  #broken: FileFault | null = null;
  #savedAt: number;
  #saving: Promise<unknown> | null = null;

  private constructor(input: GuestLogInput, writer: FileWriter, position: Position) {
    this.#input = input;
    this.#writer = writer;
    const base = { guest: position.guest_bytes, kept: position.kept_bytes };
    const positions = new KeptPositions(base, position.masked);
    this.#positions = positions;
    this.#masker = new SecretMasker(input.secrets, (...masked) => positions.masked(...masked));
    this.#received = position.guest_bytes;
    this.#settled = position.guest_bytes;
    this.#kept = position.kept_bytes;
    this.#isCut = position.cut === true;
    if (this.#isCut) this.#saysCut();
    this.#savedAt = input.clock.monotonic();
  }

  static async open(input: GuestLogInput): Promise<Result<GuestLog, FileFault>> {
    const position = await resumePosition(input);
    if (position.isErr()) return err(position.error);
    const writer = await input.files.openAppender(input.state.guestLog);
    if (writer.isErr()) return err(writer.error);
    return ok(new GuestLog(input, writer.value, position.value));
  }

  /** Bytes of the guest's log taken so far, and on the disk but for what is held back; the offset to follow from. */
  get received(): number {
    return this.#received;
  }

  get kept(): number {
    return this.#kept;
  }

  /** Whether the copy ends at its cap, and the guest wrote more. */
  get isCut(): boolean {
    return this.#isCut;
  }

  /** Bytes of the guest's log of which it is known where they stand in the copy: all but what may be the beginning of a secret. */
  get settled(): number {
    return this.#settled;
  }

  /** Where a byte of the guest's log stands in the copy. */
  keptAt(guestPosition: number): number {
    const end = this.#isCut ? this.#kept : this.#input.maxBytes;
    return Math.min(this.#positions.keptAt(guestPosition), end);
  }

  async take(data: Uint8Array): Promise<Result<void, FileFault>> {
    const mark = this.#input.nextMark?.() ?? null;
    const before = mark === null ? 0 : mark - this.#received;
    if (before > 0 && before < data.length) {
      const first = await this.take(data.subarray(0, before));
      return first.isErr() ? first : this.take(data.subarray(before));
    }
    if (!(await this.#input.isOurs())) return ok(undefined);
    const wasCut = this.#isCut;
    const written = await this.#keep(() => this.#masker.push(data));
    if (written.isErr()) return written;
    this.#received += data.length;
    this.#settled = this.#received - this.#masker.heldBytes;
    this.#input.onProgress?.();
    const isDue = this.#input.clock.monotonic() - this.#savedAt >= POSITION_EVERY_MS;
    if (isDue || this.#isCut !== wasCut) this.#savePosition();
    return ok(undefined);
  }

  /** Counts what the guest's log has beyond the cap as taken, without reading it. */
  passOver(guestBytes: number): void {
    if (this.#isCut) this.#received = Math.max(this.#received, guestBytes);
  }

  /** Writes what the masker held back, and the final position. */
  async finish(): Promise<Result<void, FileFault>> {
    if (!(await this.#input.isOurs())) return ok(undefined);
    const written = await this.#keep(() => this.#masker.finish());
    if (written.isOk()) {
      this.#settled = this.#received;
      this.#input.onProgress?.();
    }
    await this.pause();
    return written;
  }

  /** Saves the position for whoever goes on; what the masker holds back is read again then. */
  async pause(): Promise<Result<void, FileFault>> {
    await this.#saved();
    if (!(await this.#input.isOurs())) return ok(undefined);
    this.#savePosition();
    await this.#saved();
    return ok(undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#saved();
    await this.#writer[Symbol.asyncDispose]();
  }

  async #keep(mask: () => Uint8Array): Promise<Result<void, FileFault>> {
    if (this.#broken !== null) return err(this.#broken);
    const masked = mask();
    if (this.#isCut) return ok(undefined);
    const { data, cut } = fitInRoom(masked, Math.max(0, this.#input.maxBytes - this.#kept));
    const written = data.length === 0 ? ok(undefined) : await this.#writer.write(data);
    if (written.isErr()) {
      // A part of it may be on the disk; the position before it stands, and whoever goes on cuts that part off.
      this.#broken = written.error;
      return written;
    }
    this.#kept += data.length;
    this.#isCut = cut;
    if (data.length > 0) this.#input.onKept(data);
    if (cut) {
      this.#input.onCut?.(this.#kept);
      this.#saysCut();
    }
    return ok(undefined);
  }

  /** One at a time, beside the log: the position stands for what has been written before this call. */
  #savePosition(): void {
    if (this.#saving !== null) return;
    this.#savedAt = this.#input.clock.monotonic();
    const masked = this.#positions.lastBefore(this.settled);
    const position: Position = {
      schema_version: 1,
      guest_bytes: this.settled,
      kept_bytes: this.#kept,
      ...(this.#isCut ? { cut: true } : {}),
      ...(masked.length === 0 ? {} : { masked: masked.map(([...place]) => place) }),
    };
    const bytes = Buffer.from(`${JSON.stringify(position)}\n`);
    this.#saving = this.#input.files.writeFile(this.#input.state.guestLogPosition, bytes).then(() => {
      this.#saving = null;
      // Whoever reads the copy learns from the position that it is cut, and the guest may write nothing more.
      if (this.#isCut && position.cut !== true) this.#savePosition();
    });
  }

  async #saved(): Promise<void> {
    while (this.#saving !== null) await this.#saving;
  }
}

/** From the saved position, with the copy cut back to it; from the start when there is none that fits. */
async function resumePosition(input: GuestLogInput): Promise<Result<Position, FileFault>> {
  const size = await input.files.stat(input.state.guestLog);
  if (size.isErr()) return size.error.kind === 'not_found' ? ok(START) : err(size.error);
  const position = await readPosition(input.files, input.state);
  const usable = position.kept_bytes <= size.value.size ? position : START;
  const cut = await cutBack(input.files, input.state.guestLog, size.value.size, usable.kept_bytes);
  return cut.map(() => usable);
}

/**
 * Keeps the first bytes of a log, in a file of its own where it is not large: a runner that was stopped between its look at the lock and its
 * write, and wakes up after another has taken over, writes into a file that has no name any more.
 */
async function cutBack(
  files: FileStore,
  path: string,
  size: number,
  kept: number,
): Promise<Result<void, FileFault>> {
  const whole = size <= MOST_COPIED ? await files.readFile(path, { maxBytes: MOST_COPIED }) : null;
  if (whole?.isOk() === true && whole.value.length >= kept) {
    const copied = await files.writeFile(path, whole.value.subarray(0, kept));
    if (copied.isOk()) return copied;
  }
  // A full disk has no room for a copy.
  return await files.truncate(path, kept);
}

/** The saved one; the start of the log where there is none. */
export async function readPosition(
  files: FileStore,
  { guestLogPosition }: Pick<JobStateLayout, 'guestLogPosition'>,
): Promise<Position> {
  const saved = await files.readFile(guestLogPosition, { maxBytes: 128 * 1024 });
  return (saved.isOk() ? parsePosition(saved.value) : null) ?? START;
}

function parsePosition(bytes: Uint8Array): Position | null {
  try {
    return positionSchema.safeParse(JSON.parse(Buffer.from(bytes).toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
