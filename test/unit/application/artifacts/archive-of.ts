import { err, ok } from 'neverthrow';
import { MemoryClock } from '../../../../src/adapters/memory/memory-clock.js';
import { MemoryFileStore } from '../../../../src/adapters/memory/memory-file-store.js';
import { ArtifactLedger } from '../../../../src/application/artifacts/artifact-ledger.js';
import { Patience } from '../../../../src/application/artifacts/patience.js';
import { type Received, receiveArchive } from '../../../../src/application/artifacts/receive-archive.js';
import type { GuestArchive, GuestFault } from '../../../../src/application/supervisor/guest.js';
import type { ArtifactReport } from '../../../../src/domain/job/artifact.js';

export const CAPS = { fileBytes: 1000, totalBytes: 2000, files: 100 };
export const DESTINATION = '/state/artifacts';

/** An archive that comes in chunks and ends well, or with a fault. */
export function archiveOf(
  chunks: Iterable<Uint8Array>,
  fault?: GuestFault['kind'],
  filledUp: readonly string[] = [],
): GuestArchive {
  return {
    bytes: (async function* () {
      yield* chunks;
    })(),
    end: Promise.resolve(fault === undefined ? ok({ filledUp }) : err({ kind: fault, message: fault })),
    [Symbol.asyncDispose]: async () => {},
  };
}

export interface Taken {
  readonly received: Received;
  readonly report: ArtifactReport;
  /** Path in the store → content. */
  readonly files: Record<string, string>;
}

/** Receives an archive in which these guest paths are wanted; each is kept under its name without `/artifacts`. */
export async function take(
  archive: GuestArchive,
  wanted: readonly string[],
  { caps = CAPS, store = new MemoryFileStore() } = {},
): Promise<Taken> {
  const ledger = new ArtifactLedger();
  const { signal } = new AbortController();
  using patience = new Patience(new MemoryClock(), { signal }, (why) => ledger.markIncomplete(why));
  const received = await receiveArchive({
    archive,
    files: store,
    caps,
    destination: DESTINATION,
    wanted: new Map(wanted.map((path) => [path, path.replace(/^\/artifacts\//, '')])),
    ledger,
    patience,
  });
  return { received, report: ledger.report(), files: await filesOf(store) };
}

export async function filesOf(store: MemoryFileStore, below = ''): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const { name, type } of (await store.list(below || '/')).unwrapOr([])) {
    const path = `${below}/${name}`;
    if (type === 'directory') Object.assign(found, await filesOf(store, path));
    else found[path] = Buffer.from((await store.readFile(path)).unwrapOr(new Uint8Array())).toString();
  }
  return found;
}
