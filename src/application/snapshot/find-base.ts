import type { z } from 'zod';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { runCommand } from '../commands/run-command.js';
import { LEAST_IN_COMMON, planSending, type SendingPlan } from './plan-sending.js';
import { MOST_LIST_BYTES, SNAPSHOT_LIST, unpackList } from './snapshot-list.js';
import { SNAPSHOT_MARKER, snapshotMarkerSchema } from './snapshot-marker.js';
import { likeness, snapshotSketch } from './snapshot-sketch.js';

/** So many of the newest ones are looked at. */
const NEWEST = 16;
/** Markers of the newest snapshots, newest first. `cat` goes on where one is gone by now. */
const SCRIPT = `cd -- "$1" || exit 0
for h in $(ls -t | grep -E '^[0-9a-f]{64}$' | head -n "$2"); do set -- "$@" "$h/${SNAPSHOT_MARKER}"; done
shift 2
[ "$#" = 0 ] || cat -- "$@" || :`;
const BOUND_SECS = 60;

export interface SnapshotBase {
  /** With the fingerprint that it had when it was looked at last. */
  readonly marker: z.infer<typeof usable>;
  readonly plan: SendingPlan;
}

/** What it takes to make another one of it. */
const usable = snapshotMarkerSchema.required({ fingerprint: true, sketch: true });

/** The newest snapshot of the host that has most in common with this one, if any has enough. What cannot be read is none. */
export async function findBase(
  { shell, hostFiles }: { readonly shell: RemoteShell; readonly hostFiles: FileStore },
  snapshots: string,
  wanted: WorkspaceSnapshot,
  signal: AbortSignal,
): Promise<SnapshotBase | null> {
  const asked = await runCommand(
    shell,
    { argv: ['sh', '-c', SCRIPT, 'pikaci-newest', snapshots, String(NEWEST)] },
    { purpose: 'look for what the host has', timeoutSecs: BOUND_SECS, signal },
  );
  if (asked.isErr()) return null;
  const sketch = snapshotSketch(wanted.contents);
  let best: { readonly marker: z.infer<typeof usable>; readonly likeness: number } | null = null;
  for (const line of Buffer.from(asked.value).toString('utf8').split('\n')) {
    const marker = usable.safeParse(parsed(line));
    if (!marker.success || !/^[0-9a-f]{64}$/.test(marker.data.content_hash)) continue;
    const found = likeness(sketch, marker.data.sketch);
    if (found >= LEAST_IN_COMMON / 2 && found > (best?.likeness ?? 0))
      best = { marker: marker.data, likeness: found };
  }
  if (best === null) return null;
  const { content_hash: hash } = best.marker;
  const list = await hostFiles.readFile(`${snapshots}/${hash}/${SNAPSHOT_LIST}`, {
    signal,
    maxBytes: MOST_LIST_BYTES,
  });
  const held = list.isErr() ? null : await unpackList(list.value, hash);
  const plan = held === null ? null : await planSending(wanted, held);
  return plan === null ? null : { marker: best.marker, plan };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
