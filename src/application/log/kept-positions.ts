/** Positions that are remembered one by one; what was masked before the last of these is counted as a whole. */
const MOST_REMEMBERED = 4096;

/** Where a byte of the guest's log stands in the kept copy, in which masked secrets have another length. */
export class KeptPositions {
  readonly #base: { readonly guest: number; readonly kept: number };
  /** Of the guest's log, ascending; `shift` is what all before it and it itself have changed. */
  #masked: { readonly at: number; readonly end: number; readonly shift: number }[] = [];
  #shift = 0;

  /** `base` is the position that the copy goes on from. */
  constructor(base: { readonly guest: number; readonly kept: number }) {
    this.#base = base;
  }

  /** `at` counts from the base. */
  masked(at: number, length: number, masked: number): void {
    this.#shift += masked - length;
    this.#masked.push({ at, end: at + length, shift: this.#shift });
    if (this.#masked.length > 2 * MOST_REMEMBERED) this.#masked = this.#masked.slice(-MOST_REMEMBERED);
  }

  /** Without regard to the cap of the copy. Before the base it is exact where nothing was masked. */
  keptAt(guestPosition: number): number {
    const { guest, kept } = this.#base;
    const offset = guestPosition - guest;
    let shift = 0;
    for (let index = this.#masked.length - 1; index >= 0; index--) {
      const one = this.#masked[index];
      if (one === undefined || one.at >= offset) continue;
      // Within a secret: behind its mask.
      shift = one.shift + Math.max(0, one.end - offset);
      break;
    }
    return Math.max(0, kept + offset + shift);
  }
}
