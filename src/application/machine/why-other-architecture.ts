import { ok, type Result } from 'neverthrow';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';

/** Why the host cannot run what needs this architecture; null where it can. */
export async function whyOtherArchitecture(
  shell: RemoteShell,
  arch: string,
  signal: AbortSignal,
): Promise<Result<string | null, JobFault>> {
  const purpose = 'asking the host for its architecture';
  const command = { argv: ['uname', '-m'] } as const;
  const said = await runCommand(shell, command, { purpose, timeoutSecs: 30, signal });
  return said.andThen((output) => {
    const own = Buffer.from(output).toString('utf8').trim();
    return ok(own === arch ? null : `the job needs ${arch}, and ${shell.host} is ${own}`);
  });
}
