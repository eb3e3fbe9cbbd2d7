import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';

/** Why the host cannot run a job that needs this architecture; null where it can, or where the job needs none. */
export async function otherArchitecture(
  shell: RemoteShell,
  arch: string | undefined,
  signal: AbortSignal,
): Promise<JobFault | null> {
  if (arch === undefined) return null;
  const purpose = 'asking the host for its architecture';
  const command = { argv: ['uname', '-m'] } as const;
  const said = await runCommand(shell, command, { purpose, timeoutSecs: 30, signal });
  if (said.isErr()) return said.error;
  const own = Buffer.from(said.value).toString('utf8').trim();
  if (own === arch) return null;
  const message = `job.arch: the job needs ${arch}, and ${shell.host} is ${own}`;
  return { kind: 'invalid_job', phase: null, host: shell.host, message, field: 'job.arch' };
}
