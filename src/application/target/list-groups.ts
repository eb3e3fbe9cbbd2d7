import { err, ok, type Result } from 'neverthrow';
import type { HostDocument } from '../../domain/records/host-documents.js';
import { isoTime } from '../../domain/records/iso-time.js';
import { type GroupTicket, waitsFor } from '../../domain/target/concurrency.js';
import { joinBelow } from '../../domain/values/path-rules.js';
import type { FileFault, FileStore } from '../../ports/file-store.js';
import { MAX_TICKET_BYTES, parseTicket } from './group-tickets.js';

/** Of more, nobody sees the rest. */
const MOST = 200;

export interface ListGroups {
  /** Of the host. */
  readonly files: FileStore;
  readonly workDir: string;
  /** By the host's clock. */
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

interface GroupsSeen {
  readonly groups: HostDocument['groups'];
  readonly leftOut: number;
}

/** The runs that go on or wait in groups, whichever runner they are of. Removes nothing: what is over is left out. */
export async function listGroups({
  files,
  workDir,
  nowMs,
  signal,
}: ListGroups): Promise<Result<GroupsSeen, FileFault>> {
  const directory = joinBelow(workDir, 'groups');
  const listed = await files.list(directory, { signal });
  if (listed.isErr())
    return listed.orElse((fault) => (fault.kind === 'not_found' ? ok([]) : err(fault))).map(() => NONE);
  const places = listed.value.flatMap(({ name }) => {
    const [, digest, token] = /^([0-9a-f]+)[.](.+)[.]json$/.exec(name) ?? [];
    return digest === undefined || token === undefined ? [] : [{ name, digest, token }];
  });
  const groups = new Map<string, { group: string | null; tickets: GroupTicket[] }>();
  for (const { name, digest, token } of places.slice(0, MOST)) {
    const read = await files.readFile(`${directory}/${name}`, { signal, maxBytes: MAX_TICKET_BYTES });
    // It has left since, or is no place of a run.
    const ticket = read.isErr() ? null : parseTicket(read.value);
    if (ticket === null || ticket.expiresAtMs <= nowMs) continue;
    const { group, ...rest } = ticket;
    const of = groups.get(digest) ?? { group: null, tickets: [] };
    groups.set(digest, { group: of.group ?? group, tickets: [...of.tickets, { ...rest, token }] });
  }
  const shown = [...groups.values()].flatMap(({ group, tickets }) =>
    tickets
      .map((ticket) => placeOf(group, ticket, tickets))
      .sort(
        (one, other) => Number(other.goes_on) - Number(one.goes_on) || (one.since < other.since ? -1 : 1),
      ),
  );
  return ok({ groups: shown, leftOut: Math.max(0, places.length - MOST) });
}

function placeOf(group: string | null, ticket: GroupTicket, all: readonly GroupTicket[]) {
  const others = all.filter(({ token }) => token !== ticket.token);
  return {
    group,
    run_id: ticket.runId,
    goes_on: ticket.holds,
    since: isoTime(ticket.cameAtMs),
    waits_for: ticket.holds ? null : (waitsFor(ticket, others)?.runId ?? null),
  };
}

const NONE: GroupsSeen = { groups: [], leftOut: 0 };
