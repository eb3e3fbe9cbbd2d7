import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';

/** A mount namespace in which a guest's directories are a disk of a few pages, beside a tmpfs of its own. Needs root. */
export class SmallDisk implements AsyncDisposable {
  private constructor(private readonly holder: ChildProcessWithoutNullStreams) {}

  static async open(): Promise<SmallDisk> {
    const holder = spawn('unshare', ['-m', 'sh', '-c', 'mount -t tmpfs shm /dev/shm && echo ready && cat']);
    const [said] = await Promise.race([once(holder.stdout, 'data'), once(holder, 'close')]);
    if (String(said) !== 'ready\n') throw new Error('no mount namespace could be made');
    return new SmallDisk(holder);
  }

  /** What goes before a command that shall see the disk. */
  get namespace(): string[] {
    return ['nsenter', '-m', '-t', String(this.holder.pid)];
  }

  /** A path of that namespace, from outside. */
  seen(path: string): string {
    return `/proc/${this.holder.pid}/root${path}`;
  }

  /** Mounts an empty disk, with these options of a tmpfs; it goes with the directory. */
  mount(directory: string, options: string): void {
    this.sh('mount -t tmpfs -o "mode=755,$1" disk "$2"', options, directory);
  }

  /** Puts a smaller /dev in the place of the machine's: the devices that a job needs, and no /dev/shm. */
  withoutShm(): void {
    this.sh(
      'at=$(mktemp -d) && mount -t tmpfs dev "$at" && cp -a /dev/null /dev/zero /dev/fd /dev/stdin /dev/stdout /dev/stderr "$at" && mount --move "$at" /dev && rmdir "$at"',
    );
  }

  /** What shell text with these arguments writes to stdout. */
  sh(text: string, ...args: string[]): string {
    const [nsenter = '', ...rest] = this.namespace;
    return execFileSync(nsenter, [...rest, 'sh', '-c', text, 'sh', ...args]).toString();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.holder, 'close');
    this.holder.stdin.end();
    await closed;
  }
}
