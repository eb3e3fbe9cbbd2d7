/** Ms since the epoch as ISO 8601. What was read from elsewhere may be no time: it is said as the beginning of all. */
export function isoTime(ms: number): string {
  return new Date(Math.abs(ms) <= 8.64e15 ? ms : 0).toISOString();
}
