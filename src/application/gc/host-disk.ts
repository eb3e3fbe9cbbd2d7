import { ok, type Result } from 'neverthrow';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';

const AT_ONCE = 200;
const BOUND_SECS = 8 * 60;

/** Bytes of disk that directories take, by path. One that cannot be read whole counts with what was seen of it. */
export async function diskUsage(
  shell: RemoteShell,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<Result<ReadonlyMap<string, number>, JobFault>> {
  const bytes = new Map<string, number>();
  for (let at = 0; at < paths.length; at += AT_ONCE) {
    const some = paths.slice(at, at + AT_ONCE);
    // du complains of what vanishes under it, and goes on: its status says nothing that its output does not.
    const argv = ['sh', '-c', 'du -sk -- "$@" 2>/dev/null || :', 'sh', ...some] as [string, ...string[]];
    const output = await runCommand(
      shell,
      { argv },
      { purpose: 'measure what is kept', timeoutSecs: BOUND_SECS, signal },
    );
    if (output.isErr()) return output.map(() => bytes);
    for (const line of Buffer.from(output.value).toString('utf8').split('\n')) {
      const [, size, path] = /^([0-9]+)\s+(\/.*)$/.exec(line) ?? [];
      if (path !== undefined) bytes.set(path, Number(size) * 1024);
    }
  }
  return ok(bytes);
}

/** By the host itself: file by file over the connection, a large tree would take minutes. Directories may have come without the right to write. */
export async function removeOnHost(
  shell: RemoteShell,
  path: string,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const script = 'rm -rf -- "$1" 2>/dev/null || { chmod -R u+rwX -- "$1"; rm -rf -- "$1"; }';
  const call = { purpose: `remove ${path}`, timeoutSecs: BOUND_SECS, signal };
  const removed = await runCommand(shell, { argv: ['sh', '-c', script, 'sh', path] }, call);
  return removed.map(() => undefined);
}
