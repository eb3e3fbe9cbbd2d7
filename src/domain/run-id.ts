/** `20261123-164501-1a2b3c`: sorts by time (UTC) and is told apart by six hex digits. */
export function newRunId(nowMs: number, randomHex: string): string {
  const [date = '', time = ''] = new Date(nowMs).toISOString().split('T');
  return `${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${randomHex.slice(0, 6)}`;
}
