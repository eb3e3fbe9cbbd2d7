/** What the protocol adds to a list that is no algorithm. */
const EXTENSIONS = /^(?:ext-info-|kex-strict-)/;

/**
 * Listens to ssh2 telling what both sides offer, so that two sides without a common algorithm can be told apart from a broken
 * connection. ssh2 compares kind after kind and tells both lists before it does, so the last pair is the one that failed.
 */
export class Negotiation {
  private kind = '';
  private local = '';
  private remote = '';
  private isOver = false;

  /** For ssh2, which tells a lot more. */
  readonly note = (text: string): void => {
    if (this.isOver || !text.startsWith('Handshake: (')) return;
    const [, side, kind, list] = /^Handshake: \((local|remote)\) ([^:]+): (.*)$/.exec(text) ?? [];
    if (side === 'local') {
      this.kind = kind ?? '';
      this.local = list ?? '';
      this.remote = '';
    } else if (side === 'remote' && kind === this.kind) this.remote = list ?? '';
  };

  /** There is a connection: what is told from here on is of no interest. */
  end(): void {
    this.isOver = true;
  }

  /** A sentence with what each side offers when this error is about that; null when it is about something else. */
  problem(error: Error | null): string | null {
    if (error === null || !/no matching/i.test(error.message) || this.kind === '') return null;
    return `no ${this.kind} in common; the host offers ${listed(this.remote)}; pikaci offers ${listed(this.local)}`;
  }
}

function listed(names: string): string {
  const known = names.split(',').filter((name) => name !== '' && !EXTENSIONS.test(name));
  return known.length === 0 ? 'none' : known.join(', ');
}
