/**
 * A run id that sorts by time: UTC date and time to the second, then the hex digits of `random` (three bytes make the
 * usual `20261123-164501-abc123`), so that runs that start in one second do not meet.
 */
export function runIdAt(epochMs: number, random: Uint8Array): string {
  const [date, time] = new Date(epochMs).toISOString().split(/[T.]/);
  const digits = (text: string | undefined) => (text ?? '').replace(/[-:]/g, '');
  const hex = Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${digits(date)}-${digits(time)}-${hex}`;
}
