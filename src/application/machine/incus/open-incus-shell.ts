import { err, ok, type Result } from 'neverthrow';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { GuestShell, ShellCall, ShellLogin } from '../guest-shell.js';
import { loginCommand } from '../login-command.js';
import { guestFault } from './incus-guest-fault.js';
import { startInstance } from './started-again.js';

/** A terminal in an instance, as the user who runs its commands. */
export async function openIncusShell(
  incus: IncusApi,
  context: RemoteIncusContext,
  login: ShellLogin,
  call: ShellCall,
): Promise<Result<GuestShell, JobFault>> {
  const { incusProject, incusInstanceName: name } = context;
  const { columns, rows } = call;
  const terminal = { cwd: '/', user: 0, group: 0, stdin: 'open', terminal: { columns, rows } } as const;
  const options = call.signal === undefined ? {} : { signal: call.signal };
  const open = () => incus.exec(incusProject, name, { ...loginCommand(login, call), ...terminal }, options);
  let opened = await open();
  // As after a restart of the host.
  if (opened.isErr() && guestFault(opened.error).kind === 'not_running') {
    const signal = call.signal ?? new AbortController().signal;
    if ((await startInstance(incus, context, { signal })).isOk()) opened = await open();
  }
  if (opened.isOk()) return ok(opened.value);
  const message = `no shell in ${name}: ${opened.error.message}`;
  return err({ kind: 'guest', phase: null, host: incus.host, message, cause: opened.error });
}
