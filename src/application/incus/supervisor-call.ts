import { GUEST_SUPERVISOR_DIR } from '../../domain/guest-paths.js';

/** Where the supervisor's text comes from: sent along with `run`, or a file that the image carries. */
export type SupervisorSource = { readonly text: string } | { readonly path: string };

/** Longest single argument that Linux takes (MAX_ARG_STRLEN, 32 pages); the supervisor's text must stay below. */
export const LONGEST_ARGUMENT = 131_071;

/** Where `run` never got to the guest there is no supervisor to ask, and it says what that one would say. */
const FOLLOW = `[ -f "$0" ] || { echo '{"schema_version":1,"state":"absent","log_bytes":0,"result":null}' >&2; exit 0; }
exec /bin/sh "$0" "$@"`;

/** The command for `/1.0/instances/…/exec`. Sending the text as an argument saves a file push, and the image needs nothing. */
export function supervisorCommand(
  source: SupervisorSource,
  ...call: readonly string[]
): [string, ...string[]] {
  if ('path' in source) return [source.path, ...call];
  const left = `${GUEST_SUPERVISOR_DIR}/pikaci-incus-run`;
  if (call[0] === 'follow') return ['/bin/sh', '-c', FOLLOW, left, ...call];
  if (call[0] !== 'run') return ['/bin/sh', left, ...call];
  const install = 'PIKACI_SUPERVISOR_TEXT=$1; shift; eval "$PIKACI_SUPERVISOR_TEXT"';
  return ['/bin/sh', '-c', install, 'pikaci-incus-run', source.text, ...call];
}
