import { isAbsolute, normalize } from 'node:path/posix';
import { err, ok, type Result } from 'neverthrow';
import type { EntryContent } from '../ports/entry-content.js';
import type {
  CallOptions,
  Command,
  RemoteShell,
  RunningCommand,
  ShellFault,
  TreeTransfer,
  TreeUpload,
} from '../ports/remote-shell.js';
import { nameBytes } from './name-bytes.js';
import { shellFault } from './shell-fault.js';

type Spawner = Pick<RemoteShell, 'spawn'>;

/** Entries of a tree of this machine, with what they have to hold. */
export interface PackInput {
  readonly upload: TreeUpload;
  readonly entries: readonly string[];
  readonly contents: readonly EntryContent[];
  readonly at: { readonly host: string; readonly tried: string };
  readonly signal: AbortSignal;
}

export interface TreeRoute extends TreeUpload {
  /** For messages. */
  readonly host: string;
  readonly from: Spawner;
  /** Makes an archive of entries whose content is known: a command in form only, whose output it is. */
  readonly pack?: (input: PackInput) => RunningCommand;
  readonly to: Spawner;
}

/**
 * Unpacks an archive from standard input. Only a directory that was made here is taken away again when that fails or is ended:
 * what the caller had there stays. `tar` runs in the background, because a shell handles a signal only when the command in the
 * foreground is over, and that one waits for input. Directories are not in the archive of a list of files: they are given to the
 * owner of the files afterwards, where that is asked for and possible.
 */
const UNPACK_SCRIPT = `d=$1; o=$2; shift 2
if [ "$1" = open ]; then umask 022; fi; shift
made=
undo() { if [ -n "$made" ]; then rm -rf -- "$d"; fi; }
trap 'kill -KILL "$!" 2>/dev/null; wait; undo; exit 143' HUP INT TERM
if [ ! -d "$d" ]; then made=1; mkdir -p -- "$d" || exit 1; fi
exec 3<&0
tar -x -p -f - -C "$d" "$@" <&3 &
wait "$!"; code=$?
if [ "$code" -eq 0 ] && [ -n "$made" ] && [ -n "$o" ] && [ "$(id -u)" = 0 ]; then
  find "$d" -type d -exec chown "$o" {} + || code=$?
fi
if [ "$code" -ne 0 ]; then undo; fi
exit "$code"`;

const MESSAGE_TAIL = 2_000;

/** Pipes a tree from one shell's `tar` into another's; both must end well. Either side may be this machine. */
export async function sendTree(
  route: TreeRoute,
  options: CallOptions = {},
): Promise<Result<TreeTransfer, ShellFault>> {
  const at = { host: route.host, tried: `send ${route.source} to ${route.destination}` };
  const problem = routeProblem(route);
  if (problem !== null) return err(shellFault('invalid_command', at, problem));
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  const packing = await startPacking(route, at, signal);
  if (packing.isErr()) return err(packing.error);
  const pack = new PackedTree(packing.value, route.onProgress);
  const unpacking = await route.to.spawn(unpackCommand(route, pack.bytes()), { signal });
  if (unpacking.isErr()) {
    await packing.value[Symbol.asyncDispose]();
    return err(unpacking.error);
  }
  // A packer that failed must not leave a short archive behind that looks whole: the unpacker is ended, and undoes its work.
  const packed = pack.exit.then((exit) => {
    if (exit.isErr() || exit.value.code !== 0) stop.abort();
    return exit;
  });
  const said = await lastWords(unpacking.value);
  const unpacked = await unpacking.value.exit;
  // An unpacker that ended early reads no more; the packer would wait for it.
  if (unpacked.isErr() || unpacked.value.code !== 0) await packing.value[Symbol.asyncDispose]();
  const packExit = await packed;
  if (options.signal?.aborted) return err(shellFault('aborted', at, 'cancelled by the caller'));
  // The packer's word is the cause, where it has one: the unpacker was ended for it.
  for (const exit of [packExit, unpacked])
    if (exit.isErr() && exit.error.kind !== 'aborted') return err(exit.error);
  if (packExit.isOk() && packExit.value.code === 0 && unpacked.isOk() && unpacked.value.code === 0) {
    return ok({ bytes: pack.count });
  }
  const words = [pack.said.trim(), said.trim()].filter((text) => text !== '').join('; ');
  return err(shellFault('transfer_failed', at, words || 'tar ended with a failure and no message'));
}

function routeProblem(route: TreeRoute): string | null {
  if (!isAbsolute(route.destination)) return 'the destination is not absolute';
  const stray = route.entries?.find(
    (entry) => entry === '' || isAbsolute(entry) || entry.includes('\0') || normalize(entry).startsWith('..'),
  );
  return stray === undefined ? null : `an entry is not a path within the tree: ${JSON.stringify(stray)}`;
}

async function startPacking(
  route: TreeRoute,
  at: { readonly host: string; readonly tried: string },
  signal: AbortSignal,
): Promise<Result<RunningCommand, ShellFault>> {
  const { entries, contents, pack } = route;
  if (entries === undefined || contents === undefined || pack === undefined)
    return route.from.spawn(packCommand(route), { signal });
  return ok(pack({ upload: route, entries, contents, at, signal }));
}

function packCommand({ source, entries, owner, readableByAll }: TreeRoute): Command {
  const owned =
    owner === undefined ? [] : [`--owner=:${owner.uid}`, `--group=:${owner.gid}`, '--numeric-owner'];
  const modes = readableByAll === true ? ['--mode=a+rX,a-st'] : [];
  const create = ['tar', '-c', '-f', '-', ...owned, ...modes, '-C', source] as const;
  if (entries === undefined) return { argv: [...create, '.'] };
  return {
    argv: [...create, '--null', '--verbatim-files-from', '--no-recursion', '-T', '-'],
    stdin: nameBytes(entries.map((entry) => `${entry}\0`).join('')),
  };
}

function unpackCommand(route: TreeRoute, archive: AsyncIterable<Uint8Array>): Command {
  // Without an owner the files belong to whoever unpacks, also for root.
  const ownership = route.owner === undefined ? '--no-same-owner' : '--numeric-owner';
  // Directories that are not in the archive are made under the umask of the one who unpacks.
  const modes = route.readableByAll === true ? 'open' : 'as-is';
  const owner = route.owner === undefined ? '' : `${route.owner.uid}:${route.owner.gid}`;
  const argv = [
    '/bin/sh',
    '-c',
    UNPACK_SCRIPT,
    'unpack',
    route.destination,
    owner,
    modes,
    ownership,
  ] as const;
  return { argv: [...argv], stdin: archive };
}

/** The packing side: its standard output is the archive, its standard error is kept for the message. */
class PackedTree {
  count = 0;
  said = '';
  readonly exit: RunningCommand['exit'];

  constructor(
    private readonly command: RunningCommand,
    private readonly onProgress: ((bytes: number) => void) | undefined,
  ) {
    this.exit = command.exit;
  }

  async *bytes(): AsyncGenerator<Uint8Array> {
    for await (const { stream, data } of this.command.output) {
      if (stream === 'stdout') {
        this.count += data.length;
        this.onProgress?.(this.count);
        yield data;
      } else {
        this.said = (this.said + Buffer.from(data).toString('utf8')).slice(-MESSAGE_TAIL);
      }
    }
    // The archive is given its end only when it is known to be whole.
    const exit = await this.exit;
    if (exit.isErr() || exit.value.code !== 0) throw new Error('the archive is not whole');
  }
}

async function lastWords(command: RunningCommand): Promise<string> {
  let said = '';
  for await (const { data } of command.output) {
    said = (said + Buffer.from(data).toString('utf8')).slice(-MESSAGE_TAIL);
  }
  return said;
}
