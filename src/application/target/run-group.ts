import { randomUUID } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { type GroupTicket, isEarlier, waitsFor } from '../../domain/target/concurrency.js';
import type { FileFault } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { type GroupPlace, GroupTickets, LIFE_MS } from './group-tickets.js';

const RENEW_MS = 30_000;
/** How often is looked whose turn it is. */
const LOOK_MS = 3_000;
/** How often a run that goes on looks whether a newer one asks it to end. */
const WATCH_MS = 6_000;
const CLOCKS_DIFFER_MS = 10_000;
const LEARN_MS = 10_000;

export interface RunGroupInput extends GroupPlace {
  readonly runId: string;
  readonly cancelInProgress: boolean;
  /** How long the host may not say whose turn it is. */
  readonly patienceMs: number;
  readonly signal: AbortSignal;
}

/**
 * A run's place in a group of which one goes on at a time. Each has a file on the host, which it renews. Who goes on says so first and looks
 * then: of two that begin at one moment at least one sees the other, and both wait a little.
 */
export class RunGroup {
  readonly #input: RunGroupInput;
  readonly #tickets: GroupTickets;
  readonly #token = randomUUID();
  #cameAtMs: number;
  readonly #ended = new AbortController();
  readonly #left = new AbortController();
  /** Those that were asked to end. */
  readonly #asked = new Set<string>();
  #renewedMs = 0;
  #say: (message: string) => void = () => undefined;
  #watching: Promise<void> = Promise.resolve();

  private constructor(input: RunGroupInput) {
    this.#input = input;
    this.#tickets = new GroupTickets(input);
    this.#cameAtMs = input.hostTime.now();
  }

  /** Takes a place behind those that are there. Nobody is asked to end before the run is sure to be one: `turn` does that. */
  static async enter(input: RunGroupInput): Promise<Result<RunGroup, JobFault>> {
    const { hostTime, signal } = input;
    const told = await hostTime.learn(signal);
    if (told.isErr()) return err(told.error);
    const group = new RunGroup(input);
    const made = await group.#tickets.make(signal);
    if (made.isOk()) await group.#comeBehind();
    const written = made.isErr() ? made : await group.#write(false);
    return written.isErr() ? err(hostFilesFault(written.error, null)) : ok(group);
  }

  /** Clocks are known to a second or so: whoever is seen here came before. A time that nobody can have come at yet is none. */
  async #comeBehind(): Promise<void> {
    const others = await this.#tickets.others(this.#token);
    const times = others.unwrapOr([]).map(({ cameAtMs }) => cameAtMs + 1);
    const sane = times.filter((time) => time < this.#cameAtMs + CLOCKS_DIFFER_MS);
    this.#cameAtMs = Math.max(this.#cameAtMs, ...sane);
  }

  /** Fires when a newer run of the group ends this one. The reason says which. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /**
   * Asks those that came before it to end, where the group wants that, and waits until it is this run's turn, or it was cancelled. What the
   * host does not answer is asked again, for as long as a host may be out of reach. `cancelled` ends the run in ways that were not known when it entered.
   */
  async turn(say: (message: string) => void, cancelled?: AbortSignal): Promise<void> {
    this.#say = say;
    const { clock, group, signal, patienceMs } = this.#input;
    const both = AbortSignal.any([signal, this.#ended.signal, cancelled ?? []].flat());
    let [told, answeredMs] = ['', clock.monotonic()];
    const tell = (about: string, message: string) => {
      if (about !== told) say(message);
      told = about;
    };
    while (!both.aborted) {
      const looked = await this.#look();
      await this.#isAskedToEnd();
      if (both.aborted) return;
      const begun = looked.isOk() && looked.value === null ? await this.#begins() : ok(false);
      if (begun.isOk() && begun.value) return;
      const renewed = begun.isErr() ? begun : await this.#renew(false);
      const failed = looked.isErr() ? looked : renewed;
      if (failed.isOk()) answeredMs = clock.monotonic();
      else {
        const waitedMs = clock.monotonic() - answeredMs;
        const why = `whose turn it is in the group "${group}" is not known: ${failed.error.message}`;
        if (waitedMs >= patienceMs) this.#end(`for ${Math.round(waitedMs / 1000)} s ${why}`);
        else tell(why, `${why}; it is asked again`);
      }
      if (failed.isOk() && looked.isOk() && looked.value !== null)
        tell(looked.value.token, this.#waitsFor(looked.value));
      await clock.sleep(LOOK_MS * (0.5 + Math.random() / 2), both);
    }
  }

  #waitsFor({ runId }: GroupTicket): string {
    const { group, runId: own } = this.#input;
    if (runId !== own) return `waits for the run ${runId}, which is before this one in the group "${group}"`;
    return `waits until the place is over that ${own} had in the group "${group}" before: ${LIFE_MS / 1000} s after its runner has gone`;
  }

  /** Gives its place up, after the run has cleaned up. What fails goes when its time is over. */
  async leave(): Promise<void> {
    this.#left.abort();
    await this.#watching;
    await this.#tickets.remove(this.#token);
    // One that was asked may have left before: what it was asked with goes.
    if (this.#asked.size > 0) await this.#tickets.others(this.#token);
  }

  /** Says that it goes on, and looks once more. */
  async #begins(): Promise<Result<boolean, FileFault>> {
    const written = await this.#write(true);
    const others = written.isErr() ? err(written.error) : await this.#tickets.others(this.#token);
    if (others.isOk() && !others.value.some(({ holds }) => holds)) {
      this.#watching = this.#watch();
      return ok(true);
    }
    const back = await this.#write(false);
    if (others.isErr()) return err(others.error);
    return back.map(() => false);
  }

  /** While the run goes on. A place whose time was over may be another's: it says anew that it goes on, and looks then, until it is told. */
  async #watch(): Promise<void> {
    const { clock } = this.#input;
    let isSure = true;
    while ((await clock.sleep(WATCH_MS, this.#left.signal)) === 'elapsed') {
      await this.#isAskedToEnd();
      const before = this.#renewedMs;
      const renewed = isSure ? await this.#renew(true) : await this.#write(true);
      if (clock.monotonic() - before >= LIFE_MS) isSure = false;
      if (!isSure && renewed.isOk()) isSure = await this.#isToldWhetherOvertaken();
    }
  }

  /** Its place was lost while the host was out of reach. False where the host does not say whether. */
  async #isToldWhetherOvertaken(): Promise<boolean> {
    const others = await this.#tickets.others(this.#token);
    if (others.isErr()) return false;
    const other = others.value.find(({ holds }) => holds);
    if (other === undefined) return true;
    const { files, group } = this.#input;
    const why = `${files.host} was out of reach for longer than ${LIFE_MS / 1000} s`;
    this.#end(`${why}, and ${other.runId} goes on in the group "${group}" since`);
    return true;
  }

  #end(why: string): void {
    if (this.#ended.signal.aborted) return;
    this.#say(`is cancelled: ${why}`);
    this.#ended.abort(why);
  }

  async #look(): Promise<Result<GroupTicket | null, FileFault>> {
    const others = await this.#tickets.others(this.#token);
    if (others.isErr()) return err(others.error);
    if (this.#input.cancelInProgress) await this.#cancelEarlier(others.value);
    return ok(waitsFor(this.#own, others.value));
  }

  /** Of two that come at one moment one is the later, for both of them: not each ends the other. */
  async #cancelEarlier(others: readonly GroupTicket[]): Promise<void> {
    for (const other of others) {
      if (this.#asked.has(other.token) || !isEarlier(other, this.#own)) continue;
      const asked = await this.#tickets.cancel(other.token, this.#input.runId);
      if (asked.isOk()) this.#asked.add(other.token);
    }
  }

  async #isAskedToEnd(): Promise<void> {
    if (this.#ended.signal.aborted) return;
    const by = await this.#tickets.cancelledBy(this.#token);
    const { group } = this.#input;
    if (by !== null) this.#end(`${by} came after it in the group "${group}", which cancels what goes on`);
  }

  async #renew(holds: boolean): Promise<Result<void, FileFault>> {
    const isDue = this.#input.clock.monotonic() - this.#renewedMs >= RENEW_MS;
    if (!isDue) return ok(undefined);
    // The host's clock may have been set since.
    await this.#input.hostTime.learn(awakeBound(LEARN_MS));
    return await this.#write(holds);
  }

  async #write(holds: boolean): Promise<Result<void, FileFault>> {
    const { clock, hostTime, runId } = this.#input;
    // Before it is written: others reckon from then.
    const sinceMs = clock.monotonic();
    const expiresAtMs = hostTime.now() + LIFE_MS;
    const written = await this.#tickets.write({ ...this.#own, runId, holds, expiresAtMs });
    if (written.isOk()) this.#renewedMs = sinceMs;
    return written;
  }

  get #own() {
    return { token: this.#token, cameAtMs: this.#cameAtMs };
  }
}
