import { createHash } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { GroupTicket } from '../../domain/target/concurrency.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import { joinBelow } from '../../domain/values/path-rules.js';
import type { Clock } from '../../ports/clock.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { HostTime } from '../lease/host-time.js';

/** A runner that says nothing for so long has died, or is cut off: the next run goes on then. */
export const LIFE_MS = 90_000;
const CALL_MS = 30_000;
export const MAX_TICKET_BYTES = 4096;
const MOST_OF_A_NAME = 512;
/** What no run of a group has written: there is none to wait for. */
const NO_TICKET: ReadonlySet<FileFault['kind']> = new Set(['too_large', 'is_a_directory', 'not_found']);

const ticketSchema = z
  .object({
    run_id: runIdSchema,
    group: z.string().nullable().catch(null),
    came_at_ms: z.number(),
    holds: z.boolean(),
    expires_at_ms: z.number(),
  })
  .transform((ticket) => ({
    runId: ticket.run_id,
    group: ticket.group,
    cameAtMs: ticket.came_at_ms,
    holds: ticket.holds,
    expiresAtMs: ticket.expires_at_ms,
  }));
const cancelSchema = z.object({ by: runIdSchema });

export interface GroupPlace {
  /** Of the host. */
  readonly files: FileStore;
  readonly clock: Clock;
  readonly hostTime: Pick<HostTime, 'learn' | 'now'>;
  readonly workDir: string;
  readonly group: string;
}

/** The files of a group, `groups/<group>.<token>.json` below the work directory: one of each run, and a word to those that are to end. */
export class GroupTickets {
  readonly #place: GroupPlace;
  readonly #directory: string;
  readonly #prefix: string;
  /** By their tokens: what a ticket said, and since when it says that. */
  readonly #seen = new Map<string, { readonly expiresAtMs: number; readonly sinceMs: number }>();

  constructor(place: GroupPlace) {
    this.#place = place;
    this.#directory = joinBelow(place.workDir, 'groups');
    this.#prefix = `${createHash('sha256').update(place.group).digest('hex').slice(0, 24)}.`;
  }

  make(signal: AbortSignal): Promise<Result<void, FileFault>> {
    return this.#place.files.makeDirectory(this.#directory, { mode: 0o700, signal });
  }

  write({ token, ...ticket }: GroupTicket): Promise<Result<void, FileFault>> {
    const { runId: run_id, cameAtMs: came_at_ms, holds, expiresAtMs: expires_at_ms } = ticket;
    // For whoever looks: the name of the file has its digest only.
    const group = this.#place.group.slice(0, MOST_OF_A_NAME);
    return this.#write(this.#path(token), { run_id, group, came_at_ms, holds, expires_at_ms });
  }

  /** Those that live but for one; the fault is what the host did not say. What the dead have left is removed. */
  async others(own: string): Promise<Result<GroupTicket[], FileFault>> {
    const { files } = this.#place;
    const listed = await files.list(this.#directory, this.#call());
    if (listed.isErr()) return err(listed.error);
    const names = new Set(listed.value.map(({ name }) => name));
    const others: GroupTicket[] = [];
    for (const name of names) {
      const [, token, end] = /^(.+)\.(json|cancel)$/.exec(name.slice(this.#prefix.length)) ?? [];
      if (!name.startsWith(this.#prefix) || token === undefined || token === own) continue;
      if (end === 'cancel') {
        // It had left before it was told.
        if (!names.has(`${this.#prefix}${token}.json`)) await this.remove(token);
        continue;
      }
      const read = await files.readFile(this.#path(token), { ...this.#call(), maxBytes: MAX_TICKET_BYTES });
      if (read.isErr() && !NO_TICKET.has(read.error.kind)) return err(read.error);
      const ticket = read.isErr() ? null : parseTicket(read.value);
      if (ticket !== null && this.#lives(token, ticket)) others.push({ ...ticket, token });
      else if (ticket === null || !this.#mayComeBack(ticket)) await this.remove(token);
    }
    return ok(others);
  }

  /** Asks a run to end. */
  cancel(token: string, by: string): Promise<Result<void, FileFault>> {
    return this.#write(this.#path(token, 'cancel'), { by });
  }

  /** Who has asked this run to end; null when nobody has. */
  async cancelledBy(token: string): Promise<string | null> {
    const read = await this.#place.files.readFile(this.#path(token, 'cancel'), {
      ...this.#call(),
      maxBytes: MAX_TICKET_BYTES,
    });
    return read.isErr() ? null : (parsed(cancelSchema, read.value)?.by ?? 'another run');
  }

  async remove(token: string): Promise<void> {
    for (const end of ['cancel', 'json'] as const)
      await this.#place.files.remove(this.#path(token, end), this.#call());
  }

  /** Whoever lives renews it: one that stays as it is for that long is of a runner that has died, whatever the clock of the host was set to. */
  #lives(token: string, { expiresAtMs }: { readonly expiresAtMs: number }): boolean {
    const { clock, hostTime } = this.#place;
    const seen = this.#seen.get(token);
    const sinceMs = seen?.expiresAtMs === expiresAtMs ? seen.sinceMs : clock.monotonic();
    this.#seen.set(token, { expiresAtMs, sinceMs });
    return expiresAtMs > hostTime.now() && clock.monotonic() - sinceMs < LIFE_MS;
  }

  /** Whose runner was cut off may be about to write it anew: what it writes is not to be what is removed. */
  #mayComeBack({ expiresAtMs }: { readonly expiresAtMs: number }): boolean {
    const overMs = this.#place.hostTime.now() - expiresAtMs;
    return overMs >= 0 && overMs < LIFE_MS;
  }

  #write(path: string, content: object): Promise<Result<void, FileFault>> {
    const text = Buffer.from(`${JSON.stringify(content)}\n`);
    return this.#place.files.writeFile(path, text, { ...this.#call(), mode: 0o600 });
  }

  #path(token: string, end: 'json' | 'cancel' = 'json'): string {
    return `${this.#directory}/${this.#prefix}${token}.${end}`;
  }

  #call() {
    return { signal: awakeBound(CALL_MS) };
  }
}

/** Null where it is no place of a run. */
export function parseTicket(content: Uint8Array) {
  return parsed(ticketSchema, content);
}

function parsed<T>(schema: z.ZodType<T>, content: Uint8Array): T | null {
  try {
    return schema.safeParse(JSON.parse(Buffer.from(content).toString('utf8'))).data ?? null;
  } catch {
    return null;
  }
}
