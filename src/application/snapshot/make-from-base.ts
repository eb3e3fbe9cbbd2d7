import { createHash } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { GUEST_USER_ID } from '../../domain/machine/guest-paths.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell, TreeUpload } from '../../ports/remote-shell.js';
import type { WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import { nameBytes } from '../../streams/name-bytes.js';
import { runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFault } from '../faults/port-faults.js';
import { checkContents } from './check-contents.js';
import type { SnapshotBase } from './find-base.js';
import { fingerprintIn, LOOK_SCRIPT } from './snapshot-fingerprint.js';
import { treeFacts } from './tree-facts.js';

/**
 * A second name for each file of the base that stays as it is. `rm` takes names away, and `tar` finds none of what it brings: nothing
 * is ever written into a file of the base.
 */
const LINK_SCRIPT = `${LOOK_SCRIPT}
[ "$(look "$1" | sha256)" = "$3" ] || exit 9
cp -al -- "$1" "$2" && cd -- "$2" && xargs -0 -r rm -f -- || exit 1
[ -z "$4" ] || find . -mindepth 1 -depth -type d -empty -delete`;
/** Names that are one file in the base are files of their own here: each has its own time. */
const COPY_SCRIPT = `${LOOK_SCRIPT}
[ -z "$3" ] || [ "$(look "$1" | sha256)" = "$3" ] || exit 9
mkdir -p -- "$2" && cd -- "$1" && xargs -0 -r cp -a --no-preserve=links --reflink=auto --parents -t "$2" --`;
/** Times and modes of the copied files come as empty files. Then all that is there is compared with what has to be there. */
const FINISH_SCRIPT = `${LOOK_SCRIPT}
if [ -d "$3" ]; then cp -r --attributes-only --preserve=mode,timestamps -- "$3/." "$1" && rm -rf -- "$3" || exit 1; fi
if [ "$(id -u)" = 0 ]; then find "$1" -type d ! -uid "\${4%:*}" -exec chown "$4" {} + || exit 1; fi
look "$1" >"$3.seen" || exit 1
[ "$(facts "$3.seen")" = "$2" ] || { echo 'it is not what was wanted' >&2; exit 1; }
sha256 <"$3.seen" && rm -f -- "$3.seen"`;
const CHANGED = /: sh ended with 9(?:$|:)/;
const BOUND_SECS = 600;
const OWNER = { uid: GUEST_USER_ID, gid: GUEST_USER_ID };
const EMPTY = createHash('sha256').digest('hex');

interface FromBase {
  readonly snapshots: string;
  /** Gets `snapshot`, and for a while `times`. */
  readonly staging: string;
  readonly base: SnapshotBase;
  readonly snapshot: WorkspaceSnapshot;
  readonly signal: AbortSignal;
  readonly onProgress: (bytes: number) => void;
}

interface Ports {
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
}

/**
 * Makes a snapshot of one that the host has and of what is sent. Files that are the same to the nanosecond get a second name; others with
 * the same content are copied there, so that each has its own time. Gives the fingerprint of what was made, once that has been compared
 * with what was hashed here: names, kinds, modes, sizes and times; the content is that of the base, which was looked at before.
 */
export async function makeFromBase(ports: Ports, from: FromBase): Promise<Result<string, JobFault>> {
  const { snapshot, staging, base, signal } = from;
  const { copied, sent } = base.plan;
  const here = `${staging}/snapshot`;
  const there = `${from.snapshots}/${base.marker.content_hash}/snapshot`;
  const run = (script: string, args: readonly string[], stdin: readonly string[] = []) =>
    runCommand(
      ports.shell,
      {
        argv: ['sh', '-c', script, 'pikaci-from-base', ...args],
        stdin: nameBytes(stdin.map((path) => `./${path}\0`).join('')),
      },
      { purpose: 'make a snapshot of another', timeoutSecs: BOUND_SECS, signal },
    );
  // The first look at the base says whether it is what its name says; linking makes the fingerprint another one.
  const ofBase = async (script: string, paths: readonly string[], isLookedAt: boolean) => {
    const fingerprint = isLookedAt ? '' : base.marker.fingerprint;
    const removed = base.plan.hasLess ? 'removed' : '';
    const made = await run(script, [there, here, fingerprint, removed], paths);
    if (made.isOk() || !CHANGED.test(made.error.message)) return made;
    const home = `${from.snapshots}/${base.marker.content_hash}`;
    const now = await checkContents(ports, home, base.marker, signal);
    return now === null ? made : run(script, [there, here, now, removed], paths);
  };
  const held = snapshot.entries.map((path, index) => [path, snapshot.contents[index]] as const);
  // Reckoned while the host links.
  const wanted = treeFacts(held.flatMap(([path, content]) => (content ? [[path, content]] : [])));
  const isLinked = base.plan.linked > 0;
  if (isLinked) {
    const linked = await ofBase(LINK_SCRIPT, base.plan.dropped, false);
    if (linked.isErr()) return err(linked.error);
  }
  if (copied.entries.length > 0) {
    const made = await ofBase(COPY_SCRIPT, copied.entries, isLinked);
    if (made.isErr()) return err(made.error);
    const empty = copied.contents.map((content) => ({ ...content, bytes: 0, sha256: EMPTY }));
    const times = { entries: copied.entries, contents: empty, destination: `${staging}/times` };
    const told = await upload(ports.shell, snapshot, { ...times, signal });
    if (told.isErr()) return err(told.error);
  }
  if (sent.entries.length > 0) {
    const { onProgress } = from;
    const brought = await upload(ports.shell, snapshot, {
      ...sent,
      destination: here,
      signal,
      onProgress,
    });
    if (brought.isErr()) return err(brought.error);
  }
  const { facts } = await wanted;
  const owner = `${OWNER.uid}:${OWNER.gid}`;
  const finished = await run(FINISH_SCRIPT, [here, facts, `${staging}/times`, owner]);
  if (finished.isErr()) return err(finished.error);
  const fingerprint = fingerprintIn(finished.value);
  if (fingerprint !== null) return ok(fingerprint);
  const { host } = ports.shell;
  return err({ kind: 'prepare_failed', phase: null, host, message: 'a snapshot has no fingerprint' });
}

async function upload(
  shell: RemoteShell,
  { root, gitDirectory }: Pick<WorkspaceSnapshot, 'root' | 'gitDirectory'>,
  {
    signal,
    ...tree
  }: Pick<TreeUpload, 'entries' | 'contents' | 'destination' | 'onProgress'> & {
    readonly signal: AbortSignal;
  },
): Promise<Result<void, JobFault>> {
  const from = { source: root, ...(gitDirectory === undefined ? {} : { gitDirectory }) };
  const sent = await shell.uploadTree({ ...tree, ...from, owner: OWNER, readableByAll: true }, { signal });
  return sent.map(() => undefined).mapErr((fault) => hostFault(fault, 'stage_workspace_snapshot'));
}
