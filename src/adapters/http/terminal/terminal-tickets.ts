import { randomBytes } from 'node:crypto';

/** From the page's question to its connection. */
const LIFE_MS = 30_000;
const MOST = 64;

/** What a ticket was given for. */
export interface JobName {
  readonly runId: string;
  readonly jobId: string;
}

/**
 * What the page of a terminal is given, against its proof, to open one connection with. Browsers let any page open a websocket to anywhere, and add
 * what they know of passwords: a ticket cannot be had from elsewhere, is good for one machine and one use, and for a short time.
 */
export class TerminalTickets {
  readonly #given = new Map<string, { readonly job: JobName; readonly untilMs: number }>();

  /** Null when too many were given that nobody has used. */
  give(job: JobName): string | null {
    const now = performance.now();
    for (const [ticket, { untilMs }] of this.#given) if (untilMs <= now) this.#given.delete(ticket);
    if (this.#given.size >= MOST) return null;
    const ticket = randomBytes(32).toString('hex');
    this.#given.set(ticket, { job, untilMs: now + LIFE_MS });
    return ticket;
  }

  /** Whether it was given for this job and not used yet; it is used then. */
  use(ticket: string, { runId, jobId }: JobName): boolean {
    const given = this.#given.get(ticket);
    this.#given.delete(ticket);
    if (given === undefined || given.untilMs <= performance.now()) return false;
    return given.job.runId === runId && given.job.jobId === jobId;
  }
}
