import { createHash } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import type { Phase } from '../../../domain/machine/phase.js';
import { joinBelow } from '../../../domain/values/path-rules.js';
import type { FileFault, FileStore } from '../../../ports/file-store.js';
import type { RemoteShell, RunningCommand } from '../../../ports/remote-shell.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import { BoundedBytes } from '../../commands/bounded-bytes.js';
import type { WorkDirectory } from '../../directories/work-directory.js';
import type { JobFault } from '../../faults/job-fault.js';
import { hostFault, hostFilesFault } from '../../faults/port-faults.js';
import type { MicrovmScripts } from '../../settings/microvm-settings.js';

const HOST_SCRIPT = 'pikaci-microvm-host';
/** Below the work directory: each version of the scripts has a directory here. */
const VERSIONS = 'cache/microvm';
const LONGEST_ANSWER = 16 * 1024 * 1024;
const LONGEST_COMPLAINT = 8 * 1024;

export interface MicrovmHostPorts {
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
}

export interface HostCall {
  readonly signal: AbortSignal;
  readonly phase: Phase | null;
  readonly stdin?: Uint8Array | AsyncIterable<Uint8Array>;
}

/** What `pikaci-microvm-host` said when it had ended; see microvm/README.md for its words and exit codes. */
export interface HostAnswer {
  readonly code: number | null;
  readonly stdout: string;
  /** The name before the colon of its own complaint, such as `runner_missing`; empty when it made none. */
  readonly name: string;
  readonly complaint: string;
}

/** The script on the host that looks after its microVMs. It is put there once for each version of it. */
export class MicrovmHost {
  readonly #ports: MicrovmHostPorts;
  readonly #workDirectory: Pick<WorkDirectory, 'ensure' | 'path'>;
  readonly #scripts: () => MicrovmScripts;
  #place: { readonly directory: string; readonly scripts: MicrovmScripts } | null = null;
  #staged: Promise<Result<void, JobFault>> | null = null;

  constructor(
    ports: MicrovmHostPorts,
    workDirectory: Pick<WorkDirectory, 'ensure' | 'path'>,
    scripts: () => MicrovmScripts,
  ) {
    this.#ports = ports;
    this.#workDirectory = workDirectory;
    this.#scripts = scripts;
  }

  get name(): string {
    return this.#ports.shell.host;
  }

  /** Starts a call whose output is streamed. */
  async spawn(words: readonly string[], call: HostCall): Promise<Result<RunningCommand, JobFault>> {
    const staged = await this.#stage(call);
    if (staged.isErr()) return err(staged.error);
    const { directory } = this.#versioned();
    const argv: [string, ...string[]] = ['/bin/sh', `${directory}/${HOST_SCRIPT}`, ...words];
    const { signal, stdin } = call;
    const spawned = await this.#ports.shell.spawn(
      { argv, ...(stdin === undefined ? {} : { stdin }) },
      { signal },
    );
    return spawned.mapErr((fault) => hostFault(fault, call.phase));
  }

  /** A call with a short answer. A complaint is an answer, too. */
  async ask(words: readonly string[], call: HostCall): Promise<Result<HostAnswer, JobFault>> {
    const spawned = await this.spawn(words, call);
    if (spawned.isErr()) return err(spawned.error);
    await using running = spawned.value;
    const stdout = new BoundedBytes(LONGEST_ANSWER, 'first');
    const stderr = new BoundedBytes(LONGEST_COMPLAINT, 'last');
    for await (const { stream, data } of running.output) (stream === 'stdout' ? stdout : stderr).add(data);
    const exit = await running.exit;
    if (exit.isErr()) return err(hostFault(exit.error, call.phase));
    const reason = Buffer.from(stderr.bytes()).toString('utf8').trim();
    const [, name = '', complaint = reason] =
      /^pikaci-microvm-host: ([a-z_]+): ([\s\S]*)$/m.exec(reason) ?? [];
    const text = Buffer.from(stdout.bytes()).toString('utf8');
    return ok({ code: exit.value.code, stdout: text, name, complaint });
  }

  /** A call that has to succeed; its standard output. */
  async runOrFail(words: readonly string[], call: HostCall): Promise<Result<string, JobFault>> {
    const answer = await this.ask(words, call);
    if (answer.isErr()) return err(answer.error);
    if (answer.value.code === 0) return ok(answer.value.stdout);
    return err(this.refused(words[0] ?? '', answer.value, call.phase));
  }

  /**
   * The same of what only reads which machines there are. Where the script cannot be put because the disk is full, and no version of it has
   * ever been, nobody has started one: there is nothing to tell.
   */
  async query(words: readonly string[], call: HostCall): Promise<Result<string, JobFault>> {
    const told = await this.runOrFail(words, call);
    if (told.isOk() || told.error.kind !== 'host_files') return told;
    // Over SFTP a full disk is a failure without a name.
    const isFull = told.error.cause?.kind === 'no_space' || told.error.cause?.kind === 'io';
    return isFull && (await this.#wasNeverThere(call.signal)) ? ok('') : told;
  }

  refused(word: string, answer: HostAnswer, phase: Phase | null): JobFault {
    const message = `"${word}" of the microVM on ${this.name} ended with ${answer.code}: ${answer.complaint || 'it gave no reason'}`;
    // There is no shell, or not what the script needs (sh(1), 2.8.2): nothing has begun there.
    const none = { kind: 'spawn_failed' as const, host: this.name, tried: word, message: answer.complaint };
    return {
      kind: 'microvm',
      phase,
      host: this.name,
      message,
      ...(answer.code === 127 ? { cause: none } : {}),
    };
  }

  /** The scripts, and the directory on the host that is named after their content. */
  #versioned() {
    if (this.#place !== null) return this.#place;
    const scripts = this.#scripts();
    const hash = createHash('sha256').update(JSON.stringify(scripts)).digest('hex').slice(0, 16);
    this.#place = { directory: joinBelow(this.#workDirectory.path, `${VERSIONS}/${hash}`), scripts };
    return this.#place;
  }

  #stage(call: HostCall): Promise<Result<void, JobFault>> {
    this.#staged ??= this.#put(call).then((staged) => {
      // The next call tries again.
      if (staged.isErr()) this.#staged = null;
      return staged;
    });
    return this.#staged;
  }

  /** What stands there under their names is compared: it is executed as whoever is logged in. */
  async #put({ phase }: HostCall): Promise<Result<void, JobFault>> {
    const { hostFiles } = this.#ports;
    // Not the caller's signal: others wait for the same.
    const signal = awakeBound(60_000);
    const usable = await this.#workDirectory.ensure(signal);
    if (usable.isErr()) return err({ ...usable.error, phase });
    const { directory, scripts } = this.#versioned();
    const { [HOST_SCRIPT]: host, ...others } = scripts;
    // Last: where it is, the others are.
    const wanted: [string, string][] = [...Object.entries(others), [HOST_SCRIPT, host]];
    const found = await Promise.all(
      wanted.map(([name, text]) => this.#holds(`${directory}/${name}`, text, signal)),
    );
    const broken = found.find((one) => one.isErr());
    if (broken?.isErr()) return err(hostFilesFault(broken.error, phase));
    const missing = wanted.filter((_, index) => !found[index]?.unwrapOr(false));
    if (missing.length === 0) return ok(undefined);
    const made = await hostFiles.makeDirectory(directory, { signal });
    if (made.isErr()) return err(hostFilesFault(made.error, phase));
    for (const [name, text] of missing) {
      const written = await hostFiles.writeFile(`${directory}/${name}`, Buffer.from(text), {
        signal,
        mode: 0o755,
      });
      if (written.isErr()) return err(hostFilesFault(written.error, phase));
    }
    return ok(undefined);
  }

  async #wasNeverThere(signal: AbortSignal): Promise<boolean> {
    const { hostFiles } = this.#ports;
    const versions = joinBelow(this.#workDirectory.path, VERSIONS);
    const listed = await hostFiles.list(versions, { signal });
    if (listed.isErr()) return listed.error.kind === 'not_found';
    for (const { name } of listed.value) {
      const script = await hostFiles.lstat(`${versions}/${name}/${HOST_SCRIPT}`, { signal });
      if (script.isOk() || script.error.kind !== 'not_found') return false;
    }
    return true;
  }

  async #holds(path: string, text: string, signal: AbortSignal): Promise<Result<boolean, FileFault>> {
    const maxBytes = Buffer.byteLength(text);
    const read = await this.#ports.hostFiles.readFile(path, { signal, maxBytes });
    if (read.isOk()) return ok(Buffer.from(text).equals(read.value));
    return read.error.kind === 'not_found' || read.error.kind === 'too_large' ? ok(false) : err(read.error);
  }
}
