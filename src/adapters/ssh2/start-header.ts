/** What the start script said: the command's process id (also its group's), or that its directory is not there. */
export type Start = { readonly pid: number } | { readonly refused: 'cwd' };

const MAX_NOISE = 64 * 1024;

/**
 * Finds the start script's line in a command's standard output. What comes before it was written by the login shell's own
 * start-up files and is dropped. `feed` answers with the start and the bytes behind it, or `null` while it has not come.
 */
export class StartHeader {
  private held: Buffer = Buffer.alloc(0);

  constructor(private readonly token: string) {}

  feed(data: Uint8Array): { readonly start: Start; readonly rest: Buffer } | null {
    this.held = Buffer.concat([this.held, data]);
    const at = this.held.indexOf(`${this.token} `);
    if (at < 0) {
      if (this.held.length > MAX_NOISE) this.held = this.held.subarray(-MAX_NOISE);
      return null;
    }
    const end = this.held.indexOf('\n', at);
    if (end < 0) return null;
    const word = this.held.toString('latin1', at + this.token.length + 1, end);
    const rest = this.held.subarray(end + 1);
    return { start: word === 'cwd' ? { refused: 'cwd' } : { pid: Number(word) }, rest };
  }
}
