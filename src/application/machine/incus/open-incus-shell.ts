import { err, ok, type Result } from 'neverthrow';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { GuestShell, ShellCall, ShellLogin } from '../guest-shell.js';
import { loginCommand } from '../login-command.js';

/** A terminal in an instance, as the user who runs its commands. */
export async function openIncusShell(
  incus: IncusApi,
  { incusProject, incusInstanceName: name }: RemoteIncusContext,
  login: ShellLogin,
  call: ShellCall,
): Promise<Result<GuestShell, JobFault>> {
  const opened = await incus.exec(
    incusProject,
    name,
    {
      ...loginCommand(login, call),
      cwd: '/',
      user: 0,
      group: 0,
      stdin: 'open',
      terminal: { columns: call.columns, rows: call.rows },
    },
    call.signal === undefined ? {} : { signal: call.signal },
  );
  if (opened.isOk()) return ok(opened.value);
  const message = `no shell in ${name}: ${opened.error.message}`;
  return err({ kind: 'guest', phase: null, host: incus.host, message, cause: opened.error });
}
