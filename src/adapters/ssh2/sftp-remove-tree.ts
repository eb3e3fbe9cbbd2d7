import { err, ok, type Result } from 'neverthrow';
import type { FileFault } from '../../ports/file-store.js';
import type { CallOptions } from '../../ports/remote-shell.js';
import { type FileCall, fileFault } from '../../streams/file-fault.js';
import { filePathProblem } from '../../streams/file-paths.js';
import type { Ssh2Connection } from './connection.js';
import { openExecChannel } from './exec-channel.js';
import { Ssh2RunningCommand } from './running-command.js';

/** Removes a tree with the host's `rm`: one round trip, where SFTP takes one for each file. */
export async function removeTree(
  connection: Ssh2Connection,
  call: FileCall,
  options: CallOptions,
): Promise<Result<void, FileFault>> {
  const problem = filePathProblem(call.path);
  if (problem !== null) return err(fileFault('io', call, problem));
  const exec = await openExecChannel(connection, { argv: ['rm', '-rf', '--', call.path] }, options);
  if (exec.isErr()) return err(fileFault(kindOf(exec.error.kind), call, exec.error.message));
  await using running = new Ssh2RunningCommand(connection, exec.value, {}, options);
  let output = '';
  for await (const { data } of running.output)
    output = (output + Buffer.from(data).toString('utf8')).slice(-2_000);
  const exit = await running.exit;
  if (exit.isErr()) return err(fileFault(kindOf(exit.error.kind), call, exit.error.message));
  if (exit.value.code === 0) return ok(undefined);
  // rm is silent about the kind; its words are strerror(3)'s in the host's language.
  const denied = /permission denied|not permitted/i.test(output);
  return err(
    fileFault(denied ? 'permission_denied' : 'io', call, output.trim() || 'rm ended with a failure'),
  );
}

function kindOf(kind: string): FileFault['kind'] {
  return kind === 'aborted' ? 'aborted' : kind === 'spawn_failed' ? 'io' : 'connection_lost';
}
