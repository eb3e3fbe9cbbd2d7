import { err, ok, type Result } from 'neverthrow';
import type { ArtifactReport } from '../../domain/job/artifact.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell, RunningCommand } from '../../ports/remote-shell.js';
import { nameBytes } from '../../streams/name-bytes.js';
import { ArtifactLedger } from '../artifacts/artifact-ledger.js';
import { Patience } from '../artifacts/patience.js';
import { receiveArchive } from '../artifacts/receive-archive.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFault, localFilesFault } from '../faults/port-faults.js';
import type { GuestArchive } from '../supervisor/guest.js';

/** Packs just these files, and no link in the place of one is followed. The names come on its input. */
const SCRIPT =
  'cd -- "$1" && exec tar --no-recursion --ignore-failed-read -cf - --null --verbatim-files-from -T -';
/** More than was kept of any job. */
const CAPS = { fileBytes: 2 * 1024 ** 3, totalBytes: 4 * 1024 ** 3, files: 25_000 };

export interface FetchKeptFiles {
  readonly shell: RemoteShell;
  readonly files: FileStore;
  readonly clock: Clock;
  /** On the host. */
  readonly directory: string;
  /** Below it. */
  readonly paths: readonly string[];
  /** On this machine. */
  readonly destination: string;
  readonly signal: AbortSignal;
}

/**
 * Brings files of the host as if they came from a guest: an archive that is read header by header, of which links, devices and what nobody asked for are
 * refused. One that does not come to its end is a fault: what is missing of it is on the host still.
 */
export async function fetchKeptFiles(input: FetchKeptFiles): Promise<Result<ArtifactReport, JobFault>> {
  const { shell, files, clock, directory, paths, destination, signal } = input;
  const ledger = new ArtifactLedger();
  using patience = new Patience(clock, { signal }, (why) => ledger.markIncomplete(why));
  const stdin = Buffer.concat(paths.flatMap((path) => [nameBytes(path), Buffer.from([0])]));
  const command = { argv: ['sh', '-c', SCRIPT, 'pikaci-kept', directory], stdin } as const;
  const started = await patience.waitFor(
    shell.spawn({ ...command, argv: [...command.argv] }, { signal: patience.signal }),
  );
  if (started.isErr()) return err(hostFault(started.error, null));
  await using archive = archiveOf(started.value);
  let fault: JobFault | null = null;
  const wanted = new Map(paths.map((path) => [`/${path}`, path]));
  const { end } = await receiveArchive({
    ...{ archive, files, caps: CAPS, destination, wanted, ledger, patience },
    onLocalFault: (cause) => {
      fault ??= localFilesFault(cause, null);
    },
  });
  if (fault !== null) return err(fault);
  const report = ledger.report();
  if (end === 'complete') return ok(report);
  const why = report.incomplete ?? `the transfer broke off (${end.replace('_', ' ')})`;
  return err({ kind: 'host_files', phase: null, host: shell.host, message: `${directory}: ${why}` });
}

function archiveOf(running: RunningCommand): GuestArchive {
  async function* stdout(): AsyncGenerator<Uint8Array> {
    for await (const { stream, data } of running.output) if (stream === 'stdout') yield data;
  }
  return {
    bytes: stdout(),
    end: running.exit.then((exit) =>
      exit
        .map(() => ({ filledUp: [] }))
        .mapErr((cause) => ({ kind: 'connection_lost', message: cause.message, cause }) as const),
    ),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
