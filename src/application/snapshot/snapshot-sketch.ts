import type { EntryContent } from '../../ports/entry-content.js';

/** So many of the smallest hashes stand for all contents: the error of what is reckoned from them is some 6 %. */
const SIZE = 64;
/** Hexadecimal digits of each: two contents of a million have the same ones once in 500 times. */
const DIGITS = 12;

/** A few bytes that tell how much two snapshots have in common: the smallest of the hashes of what they hold (a bottom-k sketch). */
export function snapshotSketch(contents: readonly Pick<EntryContent, 'sha256'>[]): string[] {
  return [...new Set(contents.map(({ sha256 }) => sha256.slice(0, DIGITS)))].sort().slice(0, SIZE);
}

/** The share of the contents of both that are in both, from 0 to 1. */
export function likeness(one: readonly string[], other: readonly string[]): number {
  const smallest = [...new Set([...one, ...other])].sort().slice(0, SIZE);
  if (smallest.length === 0) return 0;
  const [inOne, inOther] = [new Set(one), new Set(other)];
  return smallest.filter((hash) => inOne.has(hash) && inOther.has(hash)).length / smallest.length;
}
