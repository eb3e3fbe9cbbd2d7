import { err, ok, type Result } from 'neverthrow';
import {
  GUEST_USER,
  GUEST_USER_ID,
  GUEST_WORKSPACE_DIR,
  guestHomeDir,
} from '../../../domain/machine/guest-paths.js';
import type { RemoteIncusContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { JobFault } from '../../faults/job-fault.js';
import { type GuestShell, LOGIN_SHELL, type ShellCall, type ShellLogin } from '../guest-shell.js';

/**
 * Becomes the user whom the supervisor runs commands as, by the same means. Arguments: the user, the shell's text, the workspace.
 * The default user has a number even where the image lets nobody make it.
 */
const BECOME = [
  'user=$1 text=$2 workspace=$3',
  'if uid=$(id -u "$user" 2>/dev/null) && gid=$(id -g "$user"); then groups=--init-groups',
  `elif [ "$user" = ${GUEST_USER} ]; then uid=${GUEST_USER_ID} gid=${GUEST_USER_ID} groups=--clear-groups`,
  'else echo "this machine has no user $user" >&2; exit 1; fi',
  'USER=$user LOGNAME=$user; export USER LOGNAME',
  'if setpriv --reuid "$uid" --regid "$gid" "$groups" true 2>/dev/null; then',
  '  exec setpriv --reuid "$uid" --regid "$gid" "$groups" /bin/sh -c "$text" sh "$workspace"',
  'fi',
  'exec su -s /bin/sh -c "$text" -- "$user" sh "$workspace"',
].join('\n');

/** A terminal in an instance, as the user who runs its commands. */
export async function openIncusShell(
  incus: IncusApi,
  { incusProject, incusInstanceName: name }: RemoteIncusContext,
  { runAsRoot, user }: ShellLogin,
  call: ShellCall,
): Promise<Result<GuestShell, JobFault>> {
  const login = runAsRoot ? 'root' : (user ?? GUEST_USER);
  const command: [string, ...string[]] =
    login === 'root'
      ? ['/bin/sh', '-c', LOGIN_SHELL, 'sh', GUEST_WORKSPACE_DIR]
      : ['/bin/sh', '-c', BECOME, 'sh', login, LOGIN_SHELL, GUEST_WORKSPACE_DIR];
  const opened = await incus.exec(
    incusProject,
    name,
    {
      command,
      environment: { TERM: call.term ?? 'xterm', HOME: guestHomeDir({ runAsRoot, user }) },
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
