import type { Result } from 'neverthrow';
import type { GuestArchive, GuestFault, GuestListing } from '../supervisor/guest.js';
import type { ArtifactLedger } from './artifact-ledger.js';
import type { CollectInput } from './collect-input.js';
import { LossPause } from './loss-pause.js';
import type { Patience } from './patience.js';
import { type Received, receiveArchive } from './receive-archive.js';

/** How often the archive may be asked for again, without a file that turned out too large, or not whole. */
const MOST_ARCHIVES = 256;

export interface FetchInput extends CollectInput {
  readonly ledger: ArtifactLedger;
  /** Lists the guest's files anew. */
  readonly list: () => Promise<Result<GuestListing, GuestFault>>;
  readonly patience: Patience;
}

/** Fetches chosen files, in as many archives as it takes. Each is kept whole, or named. */
export class FetchFiles {
  readonly #input: FetchInput;
  readonly #pause: LossPause;
  /** Guest paths that came back cut once. */
  readonly #cutBefore = new Set<string>();

  constructor(input: FetchInput) {
    this.#input = input;
    this.#pause = new LossPause(input.clock, input.patience.signal, input.reconnectMs);
  }

  /** `chosen`: guest path → path below the destination. */
  async fetch(chosen: ReadonlyMap<string, string>): Promise<void> {
    const { guest, ledger, patience } = this.#input;
    let wanted = new Map(chosen);
    for (let archives = 0; wanted.size > 0; archives++) {
      if (archives === MOST_ARCHIVES) {
        ledger.markIncomplete('too many files are too large, or changed while they were packed');
        break;
      }
      const archive = await patience.waitFor(guest.pack([...wanted.keys()], { signal: patience.signal }));
      if (archive.isErr()) {
        if (archive.error.kind === 'connection_lost' && (await this.#pause.afterLoss())) continue;
        ledger.markIncomplete(`the guest's files could not be fetched: ${archive.error.message}`);
        break;
      }
      await using fetched = archive.value;
      const received = await receiveArchive({ ...this.#input, archive: fetched, wanted });
      wanted = received.remaining;
      const cut = await this.#cutFiles(received, fetched);
      if (received.end === 'complete') this.#nameVanished(wanted);
      for (const path of cut) await this.#takeBack(path, chosen.get(path) ?? '', wanted);
      if (!(await this.#goesOn(received, wanted))) break;
    }
    for (const path of wanted.keys()) ledger.refuse(path, 'left_behind');
  }

  #nameVanished(wanted: Map<string, string>): void {
    if (wanted.size === 0) return;
    const { ledger } = this.#input;
    const what =
      wanted.size === 1 ? 'a file vanished before it' : `${wanted.size} files vanished before they`;
    ledger.markIncomplete(`${what} could be fetched`);
    for (const path of wanted.keys()) ledger.refuse(path, 'vanished');
    wanted.clear();
  }

  /** Of what was kept, what has something else in the place of its end. */
  async #cutFiles({ drained, kept }: Received, archive: GuestArchive): Promise<readonly string[]> {
    if (kept.size === 0) return [];
    const { list, ledger, patience } = this.#input;
    if (drained) {
      const ended = await patience.waitFor(archive.end);
      if (ended.isOk()) return ended.value.filledUp.filter((path) => kept.has(path));
    }
    // What the guest said of it has not arrived as a whole: a file that was cut is smaller now than it was packed.
    let listing = await list();
    while (listing.isErr() && listing.error.kind === 'connection_lost' && (await this.#pause.afterLoss()))
      listing = await list();
    if (listing.isErr()) {
      ledger.markIncomplete(
        `whether files changed while they were packed is not known: ${listing.error.message}`,
      );
      return [];
    }
    const isSmaller = (path: string, size: number | null) => size !== null && size < (kept.get(path) ?? 0);
    return listing.value.files.filter(({ path, size }) => isSmaller(path, size)).map(({ path }) => path);
  }

  /** Once it is asked for again; then it is named. */
  async #takeBack(path: string, local: string, wanted: Map<string, string>): Promise<void> {
    const { files, destination, ledger } = this.#input;
    ledger.giveBack(local);
    const removed = await files.remove(`${destination}/${local}`);
    if (removed.isErr()) {
      this.#input.onLocalFault?.(removed.error);
      ledger.markIncomplete(`${local} is not whole, and could not be removed: ${removed.error.message}`);
    }
    if (this.#cutBefore.has(path)) ledger.refuse(path, 'not_whole');
    else {
      this.#cutBefore.add(path);
      wanted.set(path, local);
    }
  }

  async #goesOn({ end, underWay }: Received, wanted: Map<string, string>): Promise<boolean> {
    const { ledger } = this.#input;
    if (end === 'given_up') return false;
    if (end === 'connection_lost' && !(await this.#pause.afterLoss())) {
      ledger.markIncomplete('the connection broke too often');
      return false;
    }
    if (end !== 'cut_short') return true;
    if (underWay !== null && wanted.has(underWay)) {
      if (this.#cutBefore.has(underWay)) {
        ledger.refuse(underWay, 'not_whole');
        wanted.delete(underWay);
      }
      this.#cutBefore.add(underWay);
      return true;
    }
    if (await this.#pause.afterLoss()) return true;
    ledger.markIncomplete('the archive ends before its end mark');
    return false;
  }
}
