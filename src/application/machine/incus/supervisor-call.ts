import { GUEST_SUPERVISOR_DIR } from '../../../domain/machine/guest-paths.js';
import type { SupervisorSource } from '../../settings/supervisor-source.js';

/** `run` puts the text that came with it in its place and goes on as that. */
const INSTALL = 'PIKACI_SUPERVISOR_TEXT=$1; shift; eval "$PIKACI_SUPERVISOR_TEXT"';
/** Calls that may be the first in a machine. */
const BRINGS_TEXT: ReadonlySet<string> = new Set(['run', 'put', 'unpack', 'trust']);
/**
 * Every other call finds it there. Where it is not, nothing was started, or the supervisor refused before it put itself there (an image
 * without the programs that it needs): then its result says why.
 */
const FIND = [
  'directory=$1 word=$2; shift 2',
  'if [ -r "$0" ]; then exec /bin/sh "$0" "$@"; fi',
  'state=absent result=null',
  'if [ -r "$directory/result.json" ] && IFS= read -r result <"$directory/result.json"; then state=finished',
  // The disk was full: what `started` names is in memory.
  'elif { read -r _ _ spare <"$directory/started"; } 2>/dev/null && [ -r "$spare/result" ] &&',
  '  IFS= read -r size_and_result <"$spare/result"; then result=${size_and_result#* } state=finished; fi',
  `case $word in follow) exec >&2 ;; secrets) echo '{}'; exit ;; list | pack) exit ;; esac`,
  `printf '{"schema_version":1,"state":"%s","log_bytes":0,"result":%s}\\n' "$state" "$result"`,
].join('\n');

/** The command for `/1.0/instances/…/exec`. Sending the text as an argument saves a file push, and the image needs nothing. */
export function supervisorCommand(
  source: SupervisorSource,
  ...call: readonly string[]
): [string, ...string[]] {
  if ('path' in source) return [source.path, ...call];
  const [step, word = ''] = call[0] === '--step' ? [call[1], call[2]] : [undefined, call[0]];
  if (BRINGS_TEXT.has(word)) return ['/bin/sh', '-c', INSTALL, 'pikaci-incus-run', source.text, ...call];
  const directory = step === undefined ? GUEST_SUPERVISOR_DIR : `${GUEST_SUPERVISOR_DIR}/steps/${step}`;
  return ['/bin/sh', '-c', FIND, `${GUEST_SUPERVISOR_DIR}/pikaci-incus-run`, directory, word, ...call];
}
