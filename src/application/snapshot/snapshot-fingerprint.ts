import { createHash } from 'node:crypto';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';

/**
 * Change time, which is nobody's to set, and then the facts: name, kind, and of a file mode, size and time. No content is read, and
 * the order is that of the facts, which this process knows, too (`treeFacts`).
 */
const LOOK = `find . -mindepth 1 \\( -type d -printf '%C@ d %p\\0' -o -type l -printf '%C@ l %p\\0' -o -printf '%C@ %y %m %s %T@ %p\\0' \\) | LC_ALL=C sort -z -t ' ' -k 2`;
/** `look TREE >FILE`, and what is told of such a file. */
export const LOOK_SCRIPT = `look() { (cd -- "$1" && ${LOOK}); }
sha256() { sha256sum | cut -c1-64; }
facts() { cut -z -d ' ' -f 2- <"$1" | sha256; }`;
const SCRIPT = `cd -- "$1" && list=$(${LOOK} | sha256sum) && echo "$list" | cut -c1-64`;
/** Of nothing: what the pipe gives where `find` knows no `-printf`. */
const NOTHING = createHash('sha256').digest('hex');
const BOUND_SECS = 300;

/** Another one once somebody has changed a snapshot in its place, or linked to its files; null where the host cannot say it. */
export async function snapshotFingerprint(
  shell: RemoteShell,
  directory: string,
  signal: AbortSignal,
): Promise<string | null> {
  const asked = await runCommand(
    shell,
    { argv: ['sh', '-c', SCRIPT, 'pikaci-fingerprint', directory] },
    { purpose: 'look at a snapshot', timeoutSecs: BOUND_SECS, signal },
  );
  if (asked.isErr()) return null;
  return fingerprintIn(asked.value);
}

export function fingerprintIn(said: Uint8Array): string | null {
  const [, hash = NOTHING] = /^([0-9a-f]{64})\n?$/m.exec(Buffer.from(said).toString('utf8')) ?? [];
  return hash === NOTHING ? null : hash;
}
