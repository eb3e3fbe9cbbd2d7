import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';

/** Names, kinds, modes, sizes and both times of all that is there: no content is read. The change time is nobody's to set. */
export const FINGERPRINT_SCRIPT = `fingerprint() {
  list=$(cd -- "$1" && find . -printf '%y %m %s %T@ %C@ %l %p\\0' | LC_ALL=C sort -z | sha256sum) && echo "$list" | cut -c1-64
}`;
const SCRIPT = `cd -- "$1" && list=$(find . -printf '%y %m %s %T@ %C@ %l %p\\0' | LC_ALL=C sort -z | sha256sum) && echo "$list" | cut -c1-64`;
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
    { purpose: 'look at a snapshot', timeoutSecs: BOUND_SECS, signal, onOutput: async () => {} },
  );
  if (asked.isErr()) return null;
  return fingerprintIn(asked.value);
}

export function fingerprintIn(said: Uint8Array): string | null {
  return /^([0-9a-f]{64})\n?$/m.exec(Buffer.from(said).toString('utf8'))?.[1] ?? null;
}
