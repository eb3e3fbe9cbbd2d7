import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import type { ArtifactReport } from '../../domain/job/artifact.js';
import { artifactCapsSchema } from '../../domain/job/artifact-caps.js';
import { GUEST_USER, GUEST_WORKSPACE_DIR } from '../../domain/machine/guest-paths.js';
import { isNormalisedAbsolutePath, isWithin, whyNoPath } from '../../domain/values/path-rules.js';
import type { Command } from '../../ports/remote-shell.js';
import { awakeTimeout } from '../../streams/awake-timer.js';
import { isUnicode, nameBytes } from '../../streams/name-bytes.js';
import { collectArtifacts } from '../artifacts/collect-artifacts.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import { hostFault, localFilesFault } from '../faults/port-faults.js';
import type { GuestFault } from '../supervisor/guest.js';
import type { HeldMachine } from './held-machine.js';

/** What ends a transfer early. It is bounded to 30 minutes in any case. */
export interface TransferOptions {
  readonly signal?: AbortSignal;
}

/** Whom the files that are sent belong to. */
export interface UploadOptions extends TransferOptions {
  /** What is sent belongs to root; to the user who runs the machine's steps otherwise. */
  readonly asRoot?: boolean;
}

const BOUND_MS = 30 * 60_000;

/** Sends a file, or a directory with all that is in it, to a path in the machine: absolute, or relative to the workspace. */
export async function upload(
  held: HeldMachine,
  local: string,
  guestPath: string,
  options: UploadOptions,
): Promise<Result<void, OpenMachineFault>> {
  const { machine, parts } = held.input;
  const { localFiles, localShell } = parts.ports;
  const path = inGuest(held, guestPath).andThen((found) => here(held, local).map(() => found));
  if (path.isErr()) return err(path.error);
  const stat = await localFiles.stat(local, options);
  if (stat.isErr()) return err(localFilesFault(stat.error, null));
  const isDirectory = stat.value.type === 'directory';
  if (!isDirectory && stat.value.type !== 'file')
    return err(failed(held, `${local} is neither a file nor a directory`));
  using bound = awakeTimeout(BOUND_MS);
  const signal =
    options.signal === undefined ? bound.signal : AbortSignal.any([options.signal, bound.signal]);
  const command = { ...reader(local, isDirectory), env: { TAR_OPTIONS: '' } };
  const spawned = await localShell.spawn(command, { signal });
  if (spawned.isErr()) return err(hostFault(spawned.error, null));
  await using reading = spawned.value;
  const content = wholeOutput(reading);
  const { runAsRoot, user } = held.input.spec;
  const owner = options.asRoot === true || runAsRoot ? 'root' : (user ?? GUEST_USER);
  const isInWorkspace =
    held.input.spec.writableWorkspace &&
    isWithin(GUEST_WORKSPACE_DIR, path.value) &&
    held.input.record.snapshot_hash !== null;
  const how = {
    ...(isInWorkspace ? { writable: GUEST_WORKSPACE_DIR } : {}),
    ...(held.input.spec.ready?.init === false ? { atOnce: true } : {}),
  };
  const { supervisor } = machine;
  const sent = isDirectory
    ? await supervisor.unpack({ path: path.value, owner, ...how }, content, { signal })
    : await supervisor.put(
        { path: path.value, mode: stat.value.mode & 0o777, size: stat.value.size, owner, ...how },
        content,
        { signal },
      );
  return sent.mapErr((fault) =>
    options.signal?.aborted === true
      ? cancelled(held)
      : transferFault(held, `${local} could not be sent to ${path.value}`, {
          ...fault,
          message: bound.signal.aborted
            ? 'not done within 30 minutes'
            : `${fault.message}${remedyFor(held, path.value, fault.message)}`,
        }),
  );
}

/** What gives the bytes of a file, or a directory as an archive. The words of a command are text: a name that is not UTF-8 goes by its input. */
function reader(local: string, isDirectory: boolean): Pick<Command, 'argv' | 'stdin'> {
  if (isUnicode(local))
    return { argv: isDirectory ? ['tar', '-C', local, '-cf', '-', '.'] : ['cat', '--', local] };
  const read = isDirectory ? 'exec tar -C "${name%.}" -cf - .' : 'exec cat -- "${name%.}"';
  return { argv: ['sh', '-c', `name=$(cat; echo .) && ${read}`], stdin: nameBytes(local) };
}

/** A workspace is read-only unless the machine was made with a writable one. */
function remedyFor({ input }: HeldMachine, path: string, message: string): string {
  const isKeptReadOnly = !input.spec.writableWorkspace && isWithin(GUEST_WORKSPACE_DIR, path);
  return isKeptReadOnly && message.endsWith('is read-only')
    ? ': send it elsewhere, or open a machine with a writable workspace (--writable)'
    : '';
}

/**
 * Brings a file, or all that is below a directory, into a local directory: no links, no special files, within the caps. What had come
 * before a transfer broke off is kept, and reported in the fault.
 */
export async function download(
  held: HeldMachine,
  guestPath: string,
  local: string,
  options: TransferOptions,
): Promise<Result<ArtifactReport, OpenMachineFault>> {
  const { machine, parts } = held.input;
  const path = foundInGuest(held, guestPath).andThen((found) => here(held, local).map(() => found));
  if (path.isErr()) return err(path.error);
  const root = path.value;
  if (isOfKernel(root))
    return err(
      failed(
        held,
        `${root} is not a file on a disk: the kernel makes up what is in it, without an end or a size; read it with a command, such as "cat"`,
      ),
    );
  let isThere = false;
  const report = await collectArtifacts(
    {
      guest: machine.supervisor,
      files: parts.ports.localFiles,
      clock: parts.ports.clock,
      selection: {
        searchRoots: [sayable(root)],
        matches: (found) => isWithin(root, found),
        localPath: (found) => below(root, found),
        localDirectory: (found) => {
          isThere = true;
          return found === root ? '' : below(root, found);
        },
      },
      caps: artifactCapsSchema.parse({}),
      destination: local,
    },
    { signal: options.signal ?? new AbortController().signal },
  );
  if (options.signal?.aborted === true) return err(cancelled(held));
  if (report.incomplete !== null)
    return err({
      ...failed(held, `${root} could not be brought to ${local} as a whole: ${report.incomplete}`),
      brought: report,
    });
  if (report.collected.length === 0 && report.refused_count === 0 && !isThere)
    return err(failed(held, `the machine has no file at or below ${root}`));
  return ok(report);
}

/** File systems of the kernel's, whose files say nothing of their size; memory that is there for files is none. */
function isOfKernel(path: string): boolean {
  return ['/proc', '/sys', '/dev'].some((root) => isWithin(root, path)) && !isWithin('/dev/shm', path);
}

/** Relative to the destination; the name of a single file. Null for what must not become a path here. */
function below(root: string, found: string): string | null {
  const relative = found === root ? posix.basename(root) : found.slice(root === '/' ? 1 : root.length + 1);
  const unsafe = relative.split('/').some((part) => part === '' || part === '.' || part === '..');
  return unsafe ? null : relative;
}

/** A path of this machine. What it leads to is only known when it is used. */
function here(held: HeldMachine, path: string): Result<void, OpenMachineFault> {
  if (typeof path === 'string' && path !== '') return ok(undefined);
  return err(failed(held, 'a path on this machine is expected'));
}

function inGuest(held: HeldMachine, path: string): Result<string, OpenMachineFault> {
  if (typeof path !== 'string') return err(failed(held, 'a path in the machine is expected'));
  const absolute = path.startsWith('/') ? path : `${GUEST_WORKSPACE_DIR}/${path}`;
  const trimmed = absolute.replace(/(?<=.)\/+$/, '');
  if (isNormalisedAbsolutePath(trimmed)) return ok(trimmed);
  const why = whyNoPath(trimmed) ?? 'is not a path in the machine without "." and ".."';
  return err(failed(held, `${JSON.stringify(path)} ${why}`));
}

/** The same of what is looked for there and not made: its name need not be UTF-8. */
function foundInGuest(held: HeldMachine, path: string): Result<string, OpenMachineFault> {
  if (typeof path !== 'string') return inGuest(held, path);
  // Which of its bytes stands there makes no difference to the rules.
  return inGuest(held, path.replace(BYTE, '\ufffd')).map((found) => {
    const begin = path.startsWith('/') ? path : `${GUEST_WORKSPACE_DIR}/${path}`;
    return begin.slice(0, found.length);
  });
}

/** What `nameText` makes of a byte that is no part of UTF-8. */
const BYTE = /[\udc80-\udcff]/gu;

/** What a call of the supervisor can say, in words that are text: a path, or the directory above it that all names of are UTF-8. */
function sayable(path: string): string {
  return isUnicode(path) ? path : sayable(posix.dirname(path));
}

/** Ends with an error when the reader failed: half of a file must not be taken for the whole. */
async function* wholeOutput(reading: {
  readonly output: AsyncIterable<{ readonly stream: string; readonly data: Uint8Array }>;
  readonly exit: Promise<Result<{ readonly code: number | null }, unknown>>;
}): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { stream, data } of reading.output) if (stream === 'stdout') yield data;
  const exit = await reading.exit;
  if (exit.isErr() || exit.value.code !== 0)
    throw new Error('what was to be sent could not be read as a whole');
}

function failed({ input }: HeldMachine, message: string): OpenMachineFault {
  return { kind: 'transfer_failed', host: input.machine.context.shared.remoteHost, message };
}

function cancelled({ input }: HeldMachine): OpenMachineFault {
  const host = input.machine.context.shared.remoteHost;
  return { kind: 'cancelled', phase: null, host, message: 'cancelled before all files were there' };
}

function transferFault(held: HeldMachine, what: string, fault: GuestFault): OpenMachineFault {
  const kind = fault.kind === 'gone' ? 'machine_gone' : 'transfer_failed';
  const cause = fault.cause === undefined ? {} : { cause: fault.cause };
  return { ...failed(held, `${what}: ${fault.message}`), kind, ...cause };
}
