import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { runIdSchema, targetIdSchema } from '../../../../domain/values/identifier.js';

const waitingSchema = z.looseObject({
  run_id: runIdSchema,
  hook: targetIdSchema,
  kind: z.enum(['push', 'pull_request']),
  ref: z.string(),
  commit: z.string(),
  branch: z.string(),
  own: z.boolean(),
  ids: z.array(z.string()),
});
/** One run that a webhook has asked for, as it is kept on the disk. */
export type WaitingRun = z.infer<typeof waitingSchema>;

/** What a process that was killed, or a full disk, has left of a file. */
const HALF_WRITTEN = /\.json\.[0-9a-f-]{36}$/;
/** So many are known again. */
const MOST_KNOWN = 2000;

/**
 * The runs that wait, in their order, in `hooks/` of the state root: what was answered as taken is on the disk before, and goes on when the
 * server is started again. Of the one that is under way when the process is killed, `lost` says so.
 */
export class HookQueue {
  readonly #directory: string;
  readonly #most: number;
  #waiting: { readonly file: string; readonly run: WaitingRun }[] = [];
  #known: string[] = [];
  #number = 0;
  #wake: () => void = () => undefined;
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(directory: string, most: number) {
    this.#directory = directory;
    this.#most = most;
  }

  /** `lost` was under way when the process before this one ended, and is not run again by itself. */
  static async open(
    directory: string,
    most: number,
  ): Promise<{
    readonly queue: HookQueue;
    readonly lost: WaitingRun | null;
    readonly damaged: readonly string[];
  }> {
    const queue = new HookQueue(directory, most);
    await mkdir(join(directory, 'queue'), { recursive: true, mode: 0o700 });
    const damaged: string[] = [];
    for (const name of (await readdir(join(directory, 'queue'))).sort()) {
      const file = join(directory, 'queue', name);
      if (HALF_WRITTEN.test(name)) await rm(file, { force: true });
      if (!name.endsWith('.json')) continue;
      const run = await readRun(file);
      if (run === null) damaged.push(file);
      else queue.#waiting.push({ file, run });
      queue.#number = Math.max(queue.#number, Number.parseInt(name, 10) || 0);
    }
    const running = join(directory, 'running.json');
    const lost = await readRun(running);
    await rm(running, { force: true });
    queue.#known = await readKnown(join(directory, 'known.json'));
    for (const { run } of queue.#waiting) queue.#known.push(...run.ids);
    if (lost !== null) await queue.#forget(lost);
    return { queue, lost, damaged };
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** Puts it behind the others, unless it is known or there are too many. Throws what the disk says where it cannot be kept. */
  add(run: WaitingRun): Promise<'queued' | 'duplicate' | 'full'> {
    return this.#inTurn(async () => {
      if (run.ids.some((id) => this.#known.includes(id))) return 'duplicate';
      if (this.#waiting.length >= this.#most) return 'full';
      this.#number += 1;
      const file = join(this.#directory, 'queue', `${String(this.#number).padStart(9, '0')}.json`);
      await writeWhole(file, JSON.stringify(run));
      try {
        await this.#saveKnown([...this.#known, ...run.ids].slice(-MOST_KNOWN));
      } catch (error) {
        // It was not taken, and is no duplicate when it is sent again.
        await rm(file, { force: true });
        throw error;
      }
      this.#waiting.push({ file, run });
      this.#wake();
      return 'queued';
    });
  }

  /** The one whose turn it is, marked as under way; null once the signal has fired. With `problem` it could not be marked, and is not to be run. */
  async next(signal: AbortSignal): Promise<{ readonly run: WaitingRun; readonly problem?: string } | null> {
    while (!signal.aborted) {
      const first = this.#waiting.shift();
      if (first !== undefined) {
        const { run, file } = first;
        try {
          await rename(file, join(this.#directory, 'running.json'));
        } catch (error) {
          return { run, problem: (error as Error).message };
        }
        return { run };
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
        signal.addEventListener('abort', () => resolve(), { once: true });
      });
    }
    return null;
  }

  /** It is under way no more. One that came to no end of its own may be sent again. */
  ended(run: WaitingRun, { isWhole }: { readonly isWhole: boolean }): Promise<void> {
    return this.#inTurn(async () => {
      await rm(join(this.#directory, 'running.json'), { force: true });
      if (!isWhole) await this.#forget(run);
    });
  }

  #forget({ ids }: WaitingRun): Promise<void> {
    // Also where the disk does not have it.
    this.#known = this.#known.filter((id) => !ids.includes(id));
    return this.#saveKnown(this.#known);
  }

  async #saveKnown(known: string[]): Promise<void> {
    await writeWhole(join(this.#directory, 'known.json'), JSON.stringify(known));
    this.#known = known;
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(work);
    this.#turn = done.catch(() => undefined);
    return done;
  }
}

async function readRun(file: string): Promise<WaitingRun | null> {
  const read = waitingSchema.safeParse(await readJson(file));
  return read.success ? read.data : null;
}

async function readKnown(file: string): Promise<string[]> {
  const read = z.array(z.string()).safeParse(await readJson(file));
  return read.success ? read.data : [];
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

async function writeWhole(file: string, text: string): Promise<void> {
  const beside = `${file}.${randomUUID()}`;
  try {
    await writeFile(beside, text, { mode: 0o600, flush: true });
    await rename(beside, file);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
}
