import { randomBytes } from 'node:crypto';
import { basename, dirname } from 'node:path/posix';
import { err, ok, type Result } from 'neverthrow';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { isKept, keepOutput } from './keep-output.js';
import { orFullDisk } from './or-full-disk.js';
import { treeDigest } from './tree-digest.js';

const TIMEOUT_SECS = 3600;

export interface SendOutput {
  /** For messages. */
  readonly id: string;
  /** `<workDir>/prepared/<key>`, on both. */
  readonly home: string;
  /** Keeps a directory of the member from being evicted; `gone` when it is not there. */
  readonly hold: (directory: string) => Promise<Result<'held' | 'gone', JobFault>>;
  readonly signal: AbortSignal;
}

export interface SendPorts {
  readonly from: { readonly shell: RemoteShell };
  readonly to: { readonly shell: RemoteShell; readonly hostFiles: FileStore };
}

/**
 * Brings what a command has made on the host to another member of the cluster, through this machine. It appears there as it does where it is
 * made, whole and by one rename, once it was seen to hold the same; what the member has already is not sent.
 */
export async function sendOutput(ports: SendPorts, call: SendOutput): Promise<Result<void, JobFault>> {
  const { home, hold, signal } = call;
  const { to } = ports;
  const key = basename(home);
  const held = await hold(home);
  if (held.isErr()) return err(held.error);
  if (held.value === 'held' && (await isKept(to, { home, key }, signal))) return ok(undefined);
  const building = `${dirname(home)}/.building-${randomBytes(8).toString('hex')}`;
  const filled = await fill(ports, call, building);
  const kept = filled.isErr() ? err(filled.error) : await keepOutput(to, { building, home, key, signal });
  if (kept.isOk()) return (await hold(home)).map(() => undefined);
  const fault = await orFullDisk(to, kept.error, { signal, paths: [dirname(building)] });
  // Not the caller's signal, which may be what ended it; the file store has bounds of its own.
  await to.hostFiles.remove(building, { recursive: true });
  return err(fault.kind === 'prepare_failed' ? { ...fault, kind: 'host' } : fault);
}

async function fill(
  { from, to }: SendPorts,
  { id, home, signal }: SendOutput,
  building: string,
): Promise<Result<void, JobFault>> {
  const made = await to.hostFiles.makeDirectory(building, { signal });
  if (made.isErr()) return err(hostFilesFault(made.error, null));
  const bound = { timeoutSecs: TIMEOUT_SECS, signal };
  const read = new Archive(from.shell, home, signal);
  const unpacked = await runCommand(
    to.shell,
    { argv: ['tar', '-C', building, '--no-same-owner', '-xpf', '-'], stdin: read.bytes() },
    { ...bound, purpose: `put the prepared output ${id} on ${to.shell.host}`, failure: 'prepare_failed' },
  );
  if (unpacked.isErr()) return err(read.fault ?? unpacked.error);
  if (read.fault !== null) return err(read.fault);
  const [sent, arrived] = await Promise.all([
    treeDigest(from.shell, `${home}/output`, { ...bound, id }),
    treeDigest(to.shell, `${building}/output`, { ...bound, id }),
  ]);
  if (sent.isErr()) return err(sent.error);
  if (arrived.isErr()) return err(arrived.error);
  if (sent.value === arrived.value) return ok(undefined);
  const { host } = to.shell;
  const message = `the prepared output ${id} is another on ${host} than on ${from.shell.host}, from where it was sent; nothing of it was kept`;
  return err({ kind: 'host', phase: null, host, message });
}

/** The host's output as a tar. What breaks off ends early, and says why. */
class Archive {
  fault: JobFault | null = null;

  constructor(
    private readonly shell: RemoteShell,
    private readonly home: string,
    private readonly signal: AbortSignal,
  ) {}

  async *bytes(): AsyncGenerator<Uint8Array> {
    const argv = ['tar', '-C', this.home, '-cf', '-', '--', 'output'] as const;
    const spawned = await this.shell.spawn({ argv }, { signal: this.signal });
    if (spawned.isErr()) return this.#broke(spawned.error.message);
    await using running = spawned.value;
    let said = '';
    for await (const { stream, data } of running.output)
      if (stream === 'stdout') yield data;
      else said = (said + Buffer.from(data).toString('utf8')).slice(-2000);
    const exit = await running.exit;
    if (exit.isErr()) this.#broke(exit.error.message);
    else if (exit.value.code !== 0) this.#broke(said.trim());
  }

  #broke(why: string): void {
    const kind = this.signal.aborted ? 'cancelled' : 'host';
    const { host } = this.shell;
    this.fault = { kind, phase: null, host, message: `reading ${this.home}/output on ${host}: ${why}` };
  }
}
