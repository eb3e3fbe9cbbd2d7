import { describe, expect, it } from 'vitest';
import { chooseEvictions, HELD_MS, type KeptEntry } from '../../../../src/domain/target/retention.js';

const DAY = 24 * 3600_000;
const NOW = 1_800_000_000_000;
const entry = (name: string, daysAgo: number, more: Partial<KeptEntry> = {}): KeptEntry => ({
  kind: 'snapshot',
  path: `/w/snapshots/${name}`,
  bytes: 100,
  lastUsedMs: NOW - daysAgo * DAY,
  mounted: false,
  ...more,
});
const names = (entries: readonly KeptEntry[], bounds: { keepDays: number; keepBytes: number | null }) =>
  chooseEvictions(entries, bounds, NOW).map(({ path }) => path.slice(path.lastIndexOf('/') + 1));

describe('what is to be evicted', () => {
  it('is what nobody has used for longer than the days that are kept', () => {
    const entries = [entry('new', 1), entry('edge', 7), entry('old', 7.1), entry('older', 30)];
    expect(names(entries, { keepDays: 7, keepBytes: null })).toEqual(['older', 'old']);
  });

  it('is, beyond the bytes that are kept, what was used longest ago, and no more than that', () => {
    const entries = [entry('c', 1), entry('a', 3), entry('b', 2)];
    expect(names(entries, { keepDays: 30, keepBytes: 300 })).toEqual([]);
    expect(names(entries, { keepDays: 30, keepBytes: 299 })).toEqual(['a']);
    expect(names(entries, { keepDays: 30, keepBytes: 100 })).toEqual(['a', 'b']);
  });

  it('is never what a machine mounts or a run has just used, though both count towards the bytes', () => {
    const entries = [
      entry('mounted', 400, { mounted: true }),
      entry('held', 0, { lastUsedMs: NOW - HELD_MS }),
      entry('of tomorrow', -1),
      entry('free', 0, { lastUsedMs: NOW - HELD_MS - 1 }),
    ];
    expect(names(entries, { keepDays: 0, keepBytes: 0 })).toEqual(['free']);
    expect(names(entries, { keepDays: 1, keepBytes: 399 })).toEqual(['free']);
  });
});
