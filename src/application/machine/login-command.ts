import { CA_VARIABLES } from '../../domain/machine/certificates.js';
import {
  GUEST_SUPERVISOR_DIR,
  GUEST_USER,
  GUEST_USER_ID,
  GUEST_WORKSPACE_DIR,
  guestHomeDir,
} from '../../domain/machine/guest-paths.js';
import type { ShellCall, ShellLogin } from './guest-shell.js';

/** What the supervisor tells commands of whom the machine trusts, unless the caller says otherwise. Only root can read it. */
const TRUST = [
  `if read -r bundle 2>/dev/null <${GUEST_SUPERVISOR_DIR}/authorities; then`,
  ...CA_VARIABLES.map((name) => `  : "\${${name}:=$bundle}"; export ${name}`),
  'fi 2>/dev/null',
].join('\n');

/** In the workspace: the words that are given, else the best shell that the image has. Arguments: the workspace, and the words. */
const LOGIN_SHELL = [
  TRUST,
  'cd "$1" 2>/dev/null || cd /',
  'shift',
  '[ "$#" -eq 0 ] || exec "$@"',
  'if command -v bash >/dev/null; then SHELL=$(command -v bash); export SHELL; exec "$SHELL" -l; fi',
  'SHELL=/bin/sh; export SHELL; exec sh -l',
].join('\n');

/**
 * Becomes the user whom the supervisor runs commands as, by the same means. Arguments: the user, the shell's text, and its own arguments.
 * The default user has a number even where the image lets nobody make it.
 */
const BECOME = [
  TRUST,
  'user=$1 text=$2',
  'shift 2',
  'if uid=$(id -u "$user" 2>/dev/null) && gid=$(id -g "$user"); then groups=--init-groups',
  `elif [ "$user" = ${GUEST_USER} ]; then uid=${GUEST_USER_ID} gid=${GUEST_USER_ID} groups=--clear-groups`,
  'else echo "this machine has no user $user" >&2; exit 1; fi',
  'while IFS=: read -r name _ _ _ _ home _; do [ "$name" != "$user" ] || break; home=; done </etc/passwd',
  'case $home in /*) HOME=$home ;; esac',
  'USER=$user LOGNAME=$user; export USER LOGNAME HOME',
  'if setpriv --reuid "$uid" --regid "$gid" "$groups" true 2>/dev/null; then',
  '  exec setpriv --reuid "$uid" --regid "$gid" "$groups" /bin/sh -c "$text" sh "$@"',
  'fi',
  'exec su -s /bin/sh -c "$text" -- "$user" sh "$@"',
].join('\n');

/** What root runs in a guest to open a shell there as the user who runs its commands, and the environment of it. */
export function loginCommand(
  { runAsRoot, user }: ShellLogin,
  { term, command: words = [], env = {} }: Pick<ShellCall, 'term' | 'command' | 'env'>,
) {
  const login = runAsRoot ? 'root' : (user ?? GUEST_USER);
  const command: readonly [string, ...string[]] =
    login === 'root'
      ? ['/bin/sh', '-c', LOGIN_SHELL, 'sh', GUEST_WORKSPACE_DIR, ...words]
      : ['/bin/sh', '-c', BECOME, 'sh', login, LOGIN_SHELL, GUEST_WORKSPACE_DIR, ...words];
  return { command, environment: { TERM: term ?? 'xterm', HOME: guestHomeDir({ runAsRoot, user }), ...env } };
}
