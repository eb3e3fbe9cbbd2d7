import { z } from 'zod';
import { LocalShell } from '../../src/adapters/local/shell.js';
import { Ssh2Shell } from '../../src/adapters/ssh2/shell.js';
import { type BareApi, bareApi, openConnection } from '../connect.js';
import type { ReachedHost } from '../host.js';
import { value } from '../value.js';

/** `pgrep` counts none of itself, and the shell that runs this is there in each sample. */
const COUNT = `
processes=$(ls -d /proc/[0-9]* | wc -l)
sshd=$(pgrep -c '^sshd' || :)
pid=$(pgrep -o '^incusd$')
printf '{"host_processes":%d,"host_sshd":%d,"incusd_descriptors":%d,"host_directories":%d,"host_mounts":%d}' \\
	$((processes - sshd)) "$sshd" "$(ls "/proc/$pid/fd" | wc -l)" "$(find "$1" -type d | wc -l)" "$(wc -l <"/proc/$pid/mounts")"
`;

const countsSchema = z.object({
  host_processes: z.number(),
  host_sshd: z.number(),
  incusd_descriptors: z.number(),
  host_directories: z.number(),
  host_mounts: z.number(),
});

/** Counts on the host, over a connection of its own that stays. */
export class HostCounts implements AsyncDisposable {
  readonly #api: BareApi;
  readonly #connection;
  readonly #local = new LocalShell();
  readonly #shell: Ssh2Shell;

  constructor(private readonly host: ReachedHost) {
    this.#api = bareApi(host);
    this.#connection = openConnection(host);
    this.#shell = new Ssh2Shell(this.#connection, this.#local);
  }

  async take() {
    const printed = await this.#printed(['sh', '-c', COUNT, 'sh', this.host.workDir]);
    const counts = countsSchema.parse(JSON.parse(printed));
    const instances = value(await this.#api.incus.instances(this.host.project), 'list the instances');
    return { ...counts, host_instances: instances.length };
  }

  /** Makes and removes the host's work directory. */
  async make(): Promise<void> {
    await this.#printed(['install', '-d', '-m', '0700', this.host.workDir]);
  }

  async remove(): Promise<void> {
    await this.#printed(['rm', '-rf', this.host.workDir]);
  }

  async #printed(argv: readonly [string, ...string[]]): Promise<string> {
    await using running = value(
      await this.#shell.spawn({ argv }, { signal: AbortSignal.timeout(60_000) }),
      argv[0],
    );
    let printed = '';
    for await (const { data } of running.output) printed += Buffer.from(data).toString();
    const { code } = value(await running.exit, argv[0]);
    if (code !== 0) throw new Error(`${argv[0]} on the host ended with status ${code}: ${printed}`);
    return printed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const part of [this.#api, this.#shell, this.#local, this.#connection])
      await part[Symbol.asyncDispose]();
  }
}
