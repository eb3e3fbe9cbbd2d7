import { GUEST_SUPERVISOR_DIR } from '../../../domain/machine/guest-paths.js';
import type { SupervisorSource } from '../../settings/supervisor-source.js';

/** `run` puts the text that came with it in its place and goes on as that. */
const INSTALL = 'PIKACI_SUPERVISOR_TEXT=$1; shift; eval "$PIKACI_SUPERVISOR_TEXT"';
/** Every other call finds it there, or says what a supervisor would say of a guest in which nothing was started. */
const ABSENT = '{"schema_version":1,"state":"absent","log_bytes":0,"result":null}';
const FIND = [
  'if [ -r "$0" ]; then exec /bin/sh "$0" "$@"; fi',
  `case $1 in follow) exec >&2 ;; secrets) echo '{}'; exit ;; esac`,
  `echo '${ABSENT}'`,
].join('\n');

/** The command for `/1.0/instances/…/exec`. Sending the text as an argument saves a file push, and the image needs nothing. */
export function supervisorCommand(
  source: SupervisorSource,
  ...call: readonly string[]
): [string, ...string[]] {
  if ('path' in source) return [source.path, ...call];
  if (call[0] === 'run') return ['/bin/sh', '-c', INSTALL, 'pikaci-incus-run', source.text, ...call];
  return ['/bin/sh', '-c', FIND, `${GUEST_SUPERVISOR_DIR}/pikaci-incus-run`, ...call];
}
