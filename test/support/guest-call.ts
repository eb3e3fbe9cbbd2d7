import type { ChildProcessWithoutNullStreams } from 'node:child_process';

/** How a call of the supervisor ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** A running call of the supervisor, with what it has written so far. */
export class GuestCall {
  readonly ended: Promise<Ended>;
  private readonly chunks: Buffer[] = [];
  private errors = '';
  private readonly listeners = new Set<() => void>();

  constructor(readonly child: ChildProcessWithoutNullStreams) {
    child.stdin.on('error', () => undefined); // the call may end before it has read everything
    const tell = (): void => {
      for (const listener of this.listeners) listener();
    };
    child.stdout.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      tell();
    });
    child.stderr.on('data', (chunk: Buffer) => {
      this.errors += chunk.toString();
      tell();
    });
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.errors }));
    });
  }

  get stdout(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** The output, once the text is in it; rejects when the call ends without. */
  output(text: string): Promise<string> {
    return this.#heard(text, () => this.stdout.toString());
  }

  /** The same of standard error. */
  errorOutput(text: string): Promise<string> {
    return this.#heard(text, () => this.errors);
  }

  async #heard(text: string, heard: () => string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (heard().includes(text)) resolve();
      };
      this.listeners.add(look);
      look();
      void this.ended.then(
        (ended) => reject(new Error(`ended without "${text}": ${ended.stdout.toString()}${ended.stderr}`)),
        reject,
      );
    });
    return heard();
  }

  /** Kills the call itself, as Incus does when the connection drops. */
  async drop(): Promise<void> {
    this.child.stdout.destroy();
    this.child.stderr.destroy();
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
