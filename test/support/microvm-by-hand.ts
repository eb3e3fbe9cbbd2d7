import { randomBytes } from 'node:crypto';
import type { RunningCommand } from '../../src/ports/remote-shell.js';
import { must } from '../../src/testing/contract/expect-result.js';
import { ran } from '../../src/testing/contract/run-command.js';
import type { HostConnection } from './host-connection.js';
import type { HostUnderTest } from './host-under-test.js';

/** A directory `sources/<tag>` becomes the share; one that ends in `-ro` and `control` are mounted read-only. */
const LAUNCH = `
cd "$1/vm"
for source in ../sources/*/; do
  [ -d "$source" ] || continue
  tag=$(basename "$source")
  mkdir -p "shares/$tag"
  mount --bind "$source" "shares/$tag"
  case $tag in control | *-ro) mount -o remount,bind,ro "shares/$tag" ;; esac
done
daemons=
if [ -d shares ]; then
  "$2/bin/virtiofsd-run" 2>daemons.log & daemons=$!
  for share in shares/*/; do
    timeout 20 sh -c 'until [ -S "$1.sock" ]; do sleep 0.01; done' sh "$(basename "$share")"
  done
fi
"$2/bin/microvm-run" 2>&1 & machine=$!
[ -z "$daemons" ] || wait "$daemons" || { echo "daemons: $(grep ^virtiofsd-run: daemons.log)"; kill "$machine"; }
wait "$machine" && echo 'machine: 0' || echo "machine: $?"
`;

/** Everything on the host that has to do with this machine. */
const PROCESSES = `
for process in /proc/[0-9]*; do
  [ "$process" != "/proc/$$" ] || continue
  case $(readlink "$process/cwd") in "$1"/*) echo "$process" ;; esac
  tr '\\0' ' ' <"$process/cmdline" | grep -qF "$1/vm" && echo "$process"
done 2>/dev/null || :`;

/** A machine that is booted on the host with nothing but its runner directory, as anybody could by hand. */
export class MicrovmByHand implements AsyncDisposable {
  readonly directory: string;
  readonly runner: string;
  #running: RunningCommand | null = null;
  #seen = '';

  constructor(
    host: HostUnderTest,
    private readonly connection: HostConnection,
  ) {
    this.runner = host.microvmRunner;
    this.directory = `${host.workDir}/microvm-${randomBytes(4).toString('hex')}`;
  }

  /** A file of a share, which is made with it. */
  async write(path: string, text: string): Promise<void> {
    const script =
      'mkdir -p "$1/vm" "$(dirname "$1/sources/$2")"; cat >"$1/sources/$2.new"; mv "$1/sources/$2.new" "$1/sources/$2"';
    await this.#onHost(script, [this.directory, path], text);
  }

  read(path: string): Promise<string> {
    return this.#onHost('cat "$1/$2"', [this.directory, path]);
  }

  /** Boots the machine, with a script of this text in the share `control`, and the shares that were written. */
  async boot(script: string | null, env: Record<string, string> = {}): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
    await this.#onHost('rm -rf "$1/vm"; mkdir -p "$1/vm"', [this.directory]);
    if (script !== null) await this.write('control/pikaci-microvm-guest', script);
    const namespace = ['unshare', '--mount', '--propagation', 'private'] as const;
    const argv = [...namespace, 'bash', '-c', LAUNCH, 'bash', this.directory, this.runner] as const;
    this.#running = must(await this.connection.shell.spawn({ argv, env }));
    this.#seen = '';
  }

  /** All that the console has shown, once it has shown this, or the machine has ended. */
  until(text: string): Promise<string> {
    return this.#shown((seen) => seen.includes(text));
  }

  /** All that the console has shown; the last line is `machine: ` with the status of microvm-run. */
  end(): Promise<string> {
    return this.#shown(() => false);
  }

  async #shown(enough: (seen: string) => boolean): Promise<string> {
    if (this.#running === null) throw new Error('the machine was not booted');
    const chunks = this.#running.output[Symbol.asyncIterator]();
    while (!enough(this.#seen)) {
      const next = await chunks.next();
      if (next.done === true) break;
      this.#seen += Buffer.from(next.value.data).toString('latin1').replaceAll('\r', '');
    }
    return this.#seen;
  }

  /** Processes of this machine that are alive on the host. */
  processes(): Promise<string> {
    return this.#onHost(PROCESSES, [this.directory]);
  }

  async killDaemonOf(tag: string): Promise<void> {
    await this.#onHost('pkill -KILL -f -- "$1"', [`[=]${this.directory}/vm/shares/${tag}( |$)`]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]();
    await this.#onHost('rm -rf "$1"', [this.directory]);
  }

  async #onHost(script: string, args: string[], stdin = ''): Promise<string> {
    const { stdout, stderr, code } = await ran(this.connection.shell, {
      argv: ['sh', '-ec', script, 'sh', ...args],
      stdin: Buffer.from(stdin),
    });
    if (code !== 0) throw new Error(`${script}: ${code}: ${stderr}`);
    return stdout;
  }
}
