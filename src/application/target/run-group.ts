import { createHash, randomUUID } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import { type GroupTicket, waitsFor } from '../../domain/target/concurrency.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import { joinBelow } from '../../domain/values/path-rules.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import type { HostTime } from '../lease/host-time.js';

/** A runner that says nothing for so long has died, or is cut off: the next run goes on then. */
const LIFE_MS = 90_000;
const RENEW_MS = 30_000;
/** How often is looked whose turn it is. */
const LOOK_MS = 3_000;
/** How often a run that goes on looks whether a newer one asks it to end. */
const WATCH_MS = 6_000;
const CALL_MS = 30_000;
const MAX_TICKET_BYTES = 4096;

const ticketSchema = z
  .object({
    run_id: runIdSchema,
    came_at_ms: z.number(),
    holds: z.boolean(),
    expires_at_ms: z.number(),
  })
  .transform((ticket) => ({
    runId: ticket.run_id,
    cameAtMs: ticket.came_at_ms,
    holds: ticket.holds,
    expiresAtMs: ticket.expires_at_ms,
  }));
const cancelSchema = z.object({ by: runIdSchema });

export interface RunGroupInput {
  /** Of the host. */
  readonly files: FileStore;
  readonly clock: Clock;
  readonly hostTime: Pick<HostTime, 'learn' | 'now'>;
  readonly workDir: string;
  readonly group: string;
  readonly runId: string;
  readonly cancelInProgress: boolean;
  readonly signal: AbortSignal;
}

/**
 * A run's place in a group of which one goes on at a time. Each has a file on the host, `groups/<group>.<token>.json` below the work directory, which
 * it renews. Who goes on says so first and looks then: of two that begin at one moment at least one sees the other, and both wait a little.
 */
export class RunGroup {
  readonly #input: RunGroupInput;
  readonly #token = randomUUID();
  readonly #directory: string;
  readonly #prefix: string;
  readonly #cameAtMs: number;
  readonly #ended = new AbortController();
  readonly #left = new AbortController();
  #renewedMs = 0;
  #say: (message: string) => void = () => undefined;
  #watching: Promise<void> = Promise.resolve();

  private constructor(input: RunGroupInput) {
    this.#input = input;
    this.#directory = joinBelow(input.workDir, 'groups');
    this.#prefix = `${createHash('sha256').update(input.group).digest('hex').slice(0, 24)}.`;
    this.#cameAtMs = input.hostTime.now();
  }

  /** Takes a place behind those that are there, and asks them to end where the group wants that. */
  static async enter(input: RunGroupInput): Promise<Result<RunGroup, JobFault>> {
    const { files, hostTime, signal } = input;
    const told = await hostTime.learn(signal);
    if (told.isErr()) return err(told.error);
    const group = new RunGroup(input);
    const made = await files.makeDirectory(group.#directory, { mode: 0o700, signal });
    const written = made.isErr() ? made : await group.#write(false);
    if (written.isErr()) return err(hostFilesFault(written.error, null));
    if (input.cancelInProgress) await group.#cancelOthers();
    return ok(group);
  }

  /** Fires when a newer run of the group ends this one. The reason says which. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Waits until it is this run's turn, or it was cancelled. What the host does not answer is asked again. */
  async turn(say: (message: string) => void): Promise<void> {
    this.#say = say;
    const { clock, group, signal } = this.#input;
    const both = AbortSignal.any([signal, this.#ended.signal]);
    let told = '';
    while (!both.aborted) {
      const first = await this.#look();
      await this.#isAskedToEnd();
      if (first === null && !this.#ended.signal.aborted && (await this.#begins())) return;
      if (first !== null && first !== 'unknown' && first.runId !== told) {
        told = first.runId;
        say(`waits for the run ${told}, which is before this one in the group "${group}"`);
      }
      await this.#renew(false);
      await clock.sleep(LOOK_MS * (0.5 + Math.random() / 2), both);
    }
  }

  /** Gives its place up, after the run has cleaned up. What fails goes when its time is over. */
  async leave(): Promise<void> {
    this.#left.abort();
    await this.#watching;
    await this.#remove(this.#token);
  }

  /** Says that it goes on, and looks once more. */
  async #begins(): Promise<boolean> {
    const written = await this.#write(true);
    const others = written.isErr() ? null : await this.#others();
    if (others !== null && !others.some(({ holds }) => holds)) {
      this.#watching = this.#watch();
      return true;
    }
    await this.#write(false);
    return false;
  }

  /** While the run goes on. */
  async #watch(): Promise<void> {
    const { clock } = this.#input;
    while ((await clock.sleep(WATCH_MS, this.#left.signal)) === 'elapsed') {
      await this.#isAskedToEnd();
      if (clock.monotonic() - this.#renewedMs >= LIFE_MS) await this.#endWhenOvertaken();
      await this.#renew(true);
    }
  }

  /** Its place was lost while the host was out of reach. */
  async #endWhenOvertaken(): Promise<void> {
    const other = (await this.#others())?.find(({ holds }) => holds);
    if (other === undefined) return;
    const { files, group } = this.#input;
    const why = `${files.host} was out of reach for longer than ${LIFE_MS / 1000} s`;
    this.#end(`${why}, and ${other.runId} goes on in the group "${group}" since`);
  }

  #end(why: string): void {
    if (this.#ended.signal.aborted) return;
    this.#say(`is cancelled: ${why}`);
    this.#ended.abort(why);
  }

  async #look(): Promise<GroupTicket | null | 'unknown'> {
    const others = await this.#others();
    return others === null ? 'unknown' : waitsFor({ token: this.#token, cameAtMs: this.#cameAtMs }, others);
  }

  /** Those that live; null when the host does not say. What the dead have left is removed. */
  async #others(): Promise<GroupTicket[] | null> {
    const { files, hostTime } = this.#input;
    const listed = await files.list(this.#directory, this.#call());
    if (listed.isErr()) return null;
    const others: GroupTicket[] = [];
    for (const { name } of listed.value) {
      const token = name.startsWith(this.#prefix) && name.endsWith('.json') ? name.slice(25, -5) : null;
      if (token === null || token === this.#token) continue;
      const read = await files.readFile(this.#path(token), { ...this.#call(), maxBytes: MAX_TICKET_BYTES });
      if (read.isErr() && read.error.kind === 'not_found') continue;
      if (read.isErr()) return null;
      const ticket = parsed(ticketSchema, read.value);
      if (ticket !== null && ticket.expiresAtMs > hostTime.now()) others.push({ ...ticket, token });
      else await this.#remove(token);
    }
    return others;
  }

  async #cancelOthers(): Promise<void> {
    const { files, runId } = this.#input;
    const word = Buffer.from(`${JSON.stringify({ by: runId })}\n`);
    for (const { token } of (await this.#others()) ?? [])
      await files.writeFile(this.#path(token, 'cancel'), word, { ...this.#call(), mode: 0o600 });
  }

  async #isAskedToEnd(): Promise<void> {
    const { files, group } = this.#input;
    const read = await files.readFile(this.#path(this.#token, 'cancel'), {
      ...this.#call(),
      maxBytes: MAX_TICKET_BYTES,
    });
    if (read.isErr() || this.#ended.signal.aborted) return;
    const by = parsed(cancelSchema, read.value)?.by ?? 'another run';
    this.#end(`${by} came after it in the group "${group}", which cancels what goes on`);
  }

  async #renew(holds: boolean): Promise<void> {
    if (this.#input.clock.monotonic() - this.#renewedMs >= RENEW_MS) await this.#write(holds);
  }

  async #write(holds: boolean) {
    const { files, clock, hostTime, runId } = this.#input;
    const ticket = {
      run_id: runId,
      came_at_ms: this.#cameAtMs,
      holds,
      expires_at_ms: hostTime.now() + LIFE_MS,
    };
    const text = Buffer.from(`${JSON.stringify(ticket)}\n`);
    const written = await files.writeFile(this.#path(this.#token), text, { ...this.#call(), mode: 0o600 });
    if (written.isOk()) this.#renewedMs = clock.monotonic();
    return written;
  }

  async #remove(token: string): Promise<void> {
    for (const end of ['cancel', 'json'] as const)
      await this.#input.files.remove(this.#path(token, end), this.#call());
  }

  #path(token: string, end: 'json' | 'cancel' = 'json'): string {
    return `${this.#directory}/${this.#prefix}${token}.${end}`;
  }

  #call() {
    return { signal: awakeBound(CALL_MS) };
  }
}

function parsed<T>(schema: z.ZodType<T>, content: Uint8Array): T | null {
  try {
    return schema.safeParse(JSON.parse(Buffer.from(content).toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
