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
    child.stdout.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      for (const listener of this.listeners) listener();
    });
    child.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.ended = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve({ code, stdout: this.stdout, stderr: this.errors }));
    });
  }

  get stdout(): Buffer {
    return Buffer.concat(this.chunks);
  }

  /** The output, once the text is in it; rejects when the call ends without. */
  async output(text: string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      const look = (): void => {
        if (this.stdout.includes(text)) resolve();
      };
      this.listeners.add(look);
      look();
      void this.ended.then(
        (ended) => reject(new Error(`ended without "${text}": ${ended.stdout.toString()}${ended.stderr}`)),
        reject,
      );
    });
    return this.stdout.toString();
  }

  /** Kills the call itself, as Incus does when the connection drops. */
  async drop(): Promise<void> {
    this.child.stdout.destroy();
    this.child.stderr.destroy();
    this.child.kill('SIGKILL');
    await this.ended;
  }
}
