import type { Result } from 'neverthrow';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';

/** Names, executable bits, contents and targets of all that is there, in one order whatever the file system's is. */
const SCRIPT = `cd -- "$1/." || exit 1
LC_ALL=C; export LC_ALL
list=$(find . -type d -exec printf 'd %s\\n' {} + && find . -type f -perm -100 -exec printf 'x %s\\n' {} + &&
  find . -type l -exec sh -c 'for l; do printf "l %s %s\\n" "$l" "$(readlink -- "$l")"; done' l {} + &&
  find . -type f -exec sha256sum -- {} +) || exit 1
printf '%s\\n' "$list" | sort | sha256sum | cut -c1-64`;

/** Names what a directory of the host holds at this moment: an output is another one when somebody has changed it in its place. */
export async function treeDigest(
  shell: RemoteShell,
  path: string,
  call: { readonly id: string; readonly timeoutSecs: number; readonly signal: AbortSignal },
): Promise<Result<string, JobFault>> {
  const read = await runCommand(
    shell,
    { argv: ['sh', '-c', SCRIPT, 'pikaci-digest', path] },
    {
      purpose: `the content of ${call.id}, for the key of what is made with it`,
      failure: 'prepare_failed',
      timeoutSecs: call.timeoutSecs,
      signal: call.signal,
    },
  );
  return read.map((data) => Buffer.from(data).toString('utf8').trim());
}
