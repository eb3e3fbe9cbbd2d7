import { createHash } from 'node:crypto';
import type { EntryContent } from '../../ports/entry-content.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { nameText } from '../../streams/name-bytes.js';
import { runCommand } from '../commands/run-command.js';
import { LOOK_SCRIPT } from './snapshot-fingerprint.js';
import { MOST_LIST_BYTES, SNAPSHOT_LIST, unpackList } from './snapshot-list.js';
import { SNAPSHOT_MARKER, type SnapshotMarker } from './snapshot-marker.js';
import { CONTENTS_SCRIPT, treeFacts } from './tree-facts.js';

/** The fingerprint first: what is changed while the rest is read is seen by whoever looks next. */
const SCRIPT = `${LOOK_SCRIPT}
${CONTENTS_SCRIPT}
seen=$(mktemp) || exit 1
look "$1" >"$seen" && sha256 <"$seen" && facts "$seen"
rm -f -- "$seen"
contents "$1" && cd -- "$1" && find . -type l -printf '%p\\0%l\\0'`;
const BOUND_SECS = 600;

interface Ports {
  readonly shell: RemoteShell;
  readonly hostFiles: FileStore;
}

/**
 * Reads a staged snapshot whole, and compares it with its list. Its fingerprint is another one without a change of its own when a newer
 * snapshot has been made of it: a second name for a file changes the file's change time. Gives the fingerprint that it has now, and
 * keeps that in its marker; null when it is not what its name says, or nobody can tell.
 */
export async function checkContents(
  { shell, hostFiles }: Ports,
  home: string,
  marker: SnapshotMarker,
  signal: AbortSignal,
): Promise<string | null> {
  const options = { signal, maxBytes: MOST_LIST_BYTES };
  const list = await hostFiles.readFile(`${home}/${SNAPSHOT_LIST}`, options);
  const held = list.isErr() ? null : await unpackList(list.value, marker.content_hash);
  if (held === null) return null;
  const read = await runCommand(
    shell,
    { argv: ['sh', '-c', SCRIPT, 'pikaci-contents', `${home}/snapshot`] },
    { purpose: 'read a snapshot', timeoutSecs: BOUND_SECS, signal },
  );
  if (read.isErr()) return null;
  const said = Buffer.from(read.value);
  const [fingerprint = '', facts, contents] = said.toString('latin1', 0, 3 * 65).split('\n');
  const wanted = await treeFacts(held);
  if (facts !== wanted.facts || contents !== wanted.contents) return null;
  if (!sameLinks(held, said.subarray(3 * 65))) return null;
  const now = Buffer.from(`${JSON.stringify({ ...marker, fingerprint })}\n`);
  const kept = await hostFiles.writeFile(`${home}/${SNAPSHOT_MARKER}`, now, { signal });
  return kept.isOk() ? fingerprint : null;
}

/** `said`: name and target of each link, with a NUL behind each. Which links there are has been compared. */
function sameLinks(held: ReadonlyMap<string, EntryContent>, said: Buffer): boolean {
  for (let at = 0; at < said.length; ) {
    const name = said.indexOf(0, at);
    const target = said.indexOf(0, name + 1);
    if (name === -1 || target === -1) return false;
    const hash = createHash('sha256')
      .update(said.subarray(name + 1, target))
      .digest('hex');
    if (held.get(nameText(said.subarray(at + 2, name)))?.sha256 !== hash) return false;
    at = target + 1;
  }
  return true;
}
