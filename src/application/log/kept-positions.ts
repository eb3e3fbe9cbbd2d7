/** Masked secrets that are remembered one by one, of the newest part of the log. */
const MOST_REMEMBERED = 200_000;
/** As many of them are saved with a position, for whoever takes the log up. */
const MOST_SAVED = 1000;

/** A secret in the guest's log: where it began, how long it was, and how long what stands for it is. */
export type MaskedPlace = readonly [at: number, length: number, masked: number];

/** Where a byte of the guest's log stands in the kept copy, in which masked secrets have another length. */
export class KeptPositions {
  readonly #base: { readonly guest: number; readonly kept: number };
  /** Ascending. `before` is what all before it have changed, counted from the base: negative positions come first. */
  #places: {
    readonly at: number;
    readonly length: number;
    readonly masked: number;
    readonly before: number;
  }[];
  #shift = 0;

  /** `base` is the position that the copy goes on from; `earlier` are the last secrets before it. */
  constructor(base: { readonly guest: number; readonly kept: number }, earlier: readonly MaskedPlace[] = []) {
    this.#base = base;
    let before = -earlier.reduce((sum, [, length, masked]) => sum + masked - length, 0);
    this.#places = earlier.map(([at, length, masked]) => {
      const place = { at: at - base.guest, length, masked, before };
      before += masked - length;
      return place;
    });
  }

  /** `at` counts from the base. */
  masked(at: number, length: number, masked: number): void {
    this.#places.push({ at, length, masked, before: this.#shift });
    this.#shift += masked - length;
    if (this.#places.length > 2 * MOST_REMEMBERED) this.#places = this.#places.slice(-MOST_REMEMBERED);
  }

  /** The last secrets before a position of the guest's log. */
  lastBefore(guestPosition: number): readonly MaskedPlace[] {
    const { guest } = this.#base;
    const last: MaskedPlace[] = [];
    for (let index = this.#places.length - 1; index >= 0 && last.length < MOST_SAVED; index--) {
      const place = this.#places[index];
      if (place === undefined || place.at + guest >= guestPosition) continue;
      last.push([place.at + guest, place.length, place.masked]);
    }
    return last.reverse();
  }

  /** Without regard to the cap of the copy. Before the first secret that is remembered it is exact where nothing was masked. */
  keptAt(guestPosition: number): number {
    const { guest, kept } = this.#base;
    const offset = guestPosition - guest;
    let shift = this.#places[0]?.before ?? 0;
    for (let index = this.#places.length - 1; index >= 0; index--) {
      const place = this.#places[index];
      if (place === undefined || place.at >= offset) continue;
      const { at, length, masked, before } = place;
      // Within a secret: behind its mask.
      shift = before + masked - length + Math.max(0, at + length - offset);
      break;
    }
    return Math.max(0, kept + offset + shift);
  }
}
