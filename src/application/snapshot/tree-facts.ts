import { createHash } from 'node:crypto';
import type { EntryContent } from '../../ports/entry-content.js';
import { anotherTurn } from '../../streams/filter-in-turns.js';
import { nameBytes } from '../../streams/name-bytes.js';

const SECOND = 1_000_000_000n;
const AT_ONCE = 1000;

/** What the files of a tree hold, in the order of their paths' bytes. */
export const CONTENTS_SCRIPT = `contents() {
  (cd -- "$1" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum -bz --) | sha256sum | cut -c1-64
}`;

interface TreeFacts {
  readonly facts: string;
  readonly contents: string;
}

/** What a host says of a tree that holds just this: names, kinds, modes, sizes and times, and the content of its files. */
export async function treeFacts(
  held: Iterable<readonly [path: string, content: EntryContent]>,
): Promise<TreeFacts> {
  const lines: Buffer[] = [];
  const files: { readonly name: Buffer; readonly sha256: string }[] = [];
  const directories = new Set<string>();
  let count = 0;
  for (const [path, { kind, bytes, mtimeNs, sha256 }] of held) {
    if (++count % AT_ONCE === 0) await anotherTurn();
    for (let slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
      const directory = path.slice(0, slash);
      if (directories.has(directory)) break;
      directories.add(directory);
      lines.push(nameBytes(`d ./${directory}\0`));
    }
    if (kind === 'l') {
      lines.push(nameBytes(`l ./${path}\0`));
      continue;
    }
    lines.push(nameBytes(`f ${kind === 'x' ? 755 : 644} ${bytes} ${foundTime(mtimeNs)} ./${path}\0`));
    files.push({ name: nameBytes(`./${path}`), sha256 });
  }
  const facts = createHash('sha256');
  for (const line of lines.sort(Buffer.compare)) facts.update(line);
  const contents = createHash('sha256');
  for (const { name, sha256 } of files.sort((a, b) => Buffer.compare(a.name, b.name)))
    contents.update(`${sha256} *`).update(name).update('\0');
  return { facts: facts.digest('hex'), contents: contents.digest('hex') };
}

/** As `find -printf %T@` writes it: ten digits behind the point. */
function foundTime(mtimeNs: string): string {
  const time = BigInt(mtimeNs);
  const second = time / SECOND - (time % SECOND < 0n ? 1n : 0n);
  return `${second}.${String(time - second * SECOND).padStart(9, '0')}0`;
}
