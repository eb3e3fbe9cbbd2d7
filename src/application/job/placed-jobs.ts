import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { jobSpecSchema } from '../../domain/job/job-spec.js';
import { type AskedShare, askedShare } from '../../domain/machine/host-share.js';
import { machineJobId } from '../../domain/machine/machine-job-id.js';
import {
  type PlaceableMembers,
  type PlacementCandidate,
  type PlaceWanted,
  placeableOf,
} from '../../domain/machine/placement.js';
import { jobStateLayout } from '../../domain/records/run-layout.js';
import { runIdAt } from '../../domain/values/run-id.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { Placement } from '../../ports/placement.js';
import { Slots } from '../../streams/slots.js';
import { askPlacement } from '../cluster/ask-placement.js';
import { type LookedAtMember, machineKey } from '../cluster/look-at-members.js';
import type { JobFault } from '../faults/job-fault.js';
import { incusFault } from '../faults/port-faults.js';
import type { JobPorts } from '../settings/job-ports.js';
import type { JobSettings } from '../settings/job-settings.js';
import type { JobRun } from './job-call.js';
import { PlaceLine } from './place-line.js';
import { PlacedBefore, type PlacedShare } from './placed-before.js';
import { retryCauseOfFault } from './retry-cause.js';
import type { RunJob } from './run-job.js';
import type { RunJobCall } from './run-job-call.js';
import { type QueueSettings, type WaitForRoom, waitForRoom } from './wait-for-room.js';

type Jobs = Pick<RunJob, 'run'>;

/** For half a minute after one member has died, all of them may be called offline. */
const UNSTEADY_MS = 60_000;
const LOOK_MS = 5_000;
const SILENT: ReadonlySet<string> = new Set(['Offline', 'Unreachable']);

interface Looked {
  readonly own: string;
  readonly members: readonly LookedAtMember[];
}

/** `mayPass`: one that the job may run on is only silent. */
type Tried =
  | { readonly ended: Result<JobRun, JobFault> }
  | { readonly ended: null; readonly unusable: readonly string[]; readonly mayPass: boolean }
  | { readonly ended: null; readonly full: string };

type IdentifiedCall = RunJobCall & { readonly runId: string };

interface ToPlace {
  readonly call: IdentifiedCall;
  readonly all: readonly LookedAtMember[];
  readonly wanted: PlaceWanted;
  readonly share: PlacedShare;
  readonly wait: WaitForRoom | null;
  readonly signal: AbortSignal;
}

/** `full`: no member has room now. */
interface Choices {
  readonly full?: string;
  readonly choices: readonly { readonly member: LookedAtMember; readonly reason: string }[];
  readonly unusable: string[];
}

export interface PlacedJobsParts {
  /** On the host of the configuration. */
  readonly here: Jobs;
  readonly ports: Pick<JobPorts, 'clock' | 'localFiles' | 'shell'>;
  readonly settings: Pick<JobSettings, 'stateRoot'>;
  readonly placement: Placement;
  readonly queue: QueueSettings;
  readonly members: readonly string[] | null;
  readonly group: string | null;
  /** The members, and which of them the host is; null where the daemon is in no cluster. */
  readonly look: (signal: AbortSignal) => Promise<Result<Looked | null, IncusFault>>;
  /** What runs jobs on another member. */
  readonly on: (member: LookedAtMember, signal: AbortSignal) => Promise<Result<Jobs, JobFault>>;
}

/** Each attempt at a job on the member of the cluster that is best for it. What was sent to a member, and what runs there, is remembered. */
export class PlacedJobs implements Jobs {
  readonly #parts: PlacedJobsParts;
  readonly #before: PlacedBefore;
  readonly #turns = new Slots(1);
  /** Of jobs that members could not begin, by run and job: the next number of an attempt whose names nothing on those members has. */
  readonly #free = new Map<string, number>();
  readonly #line: PlaceLine;

  constructor(parts: PlacedJobsParts) {
    this.#parts = parts;
    this.#before = new PlacedBefore(parts.queue.incusCapacity);
    this.#line = new PlaceLine(parts.ports.clock);
  }

  async run(given: RunJobCall): Promise<Result<JobRun, JobFault>> {
    const { here, ports } = this.#parts;
    const { clock } = ports;
    const { host } = ports.shell;
    // What is not valid is told there.
    if (!jobSpecSchema.safeParse(given.job).success) return await here.run(given);
    const call = { ...given, runId: given.runId ?? runIdAt(clock.now(), randomBytes(3)) };
    const signal = call.signal ?? new AbortController().signal;
    const sinceMs = clock.monotonic();
    using wait = waitForRoom(call, { clock, host, queue: this.#parts.queue, line: this.#line });
    for (;;) {
      const late = (await wait?.myTurn(signal)) ?? null;
      if (late !== null) return err(late);
      const looked = await this.#parts.look(signal);
      if (looked.isErr()) return err(incusFault(looked.error, null));
      if (looked.value === null) return await here.run(call);
      const tried = await this.#onOneOf(
        { ...call, waitedMs: clock.monotonic() - sinceMs },
        looked.value,
        wait,
        signal,
      );
      if (tried.ended !== null) return tried.ended;
      if ('full' in tried) {
        await wait?.pause(tried.full, signal);
        continue;
      }
      const isOver = !tried.mayPass || clock.monotonic() - sinceMs >= UNSTEADY_MS;
      if (!isOver && (await clock.sleep(LOOK_MS, signal)) === 'elapsed') continue;
      const message = `no member of the cluster can run the job: ${tried.unusable.join('; ')}`;
      return err({ kind: signal.aborted ? 'cancelled' : 'host', phase: null, host, message });
    }
  }

  async #onOneOf(
    call: IdentifiedCall,
    { own, members: all }: Looked,
    wait: WaitForRoom | null,
    signal: AbortSignal,
  ): Promise<Tried> {
    const { here, members, group } = this.#parts;
    const reason = whyBound(call);
    const bound = reason === null ? null : { member: own, reason };
    const { avoid = [] } = call;
    const arch = call.job.arch ?? null;
    const wanted = { asks: askedOf(call), members, group, bound, avoid, arch, waits: wait !== null };
    using share = this.#before.share(wanted.asks, machineOf(call));
    const placed = await this.#place({ call, all, wanted, share, wait, signal });
    if (placed.isErr()) return { ended: err(placed.error) };
    const { choices, unusable, full } = placed.value;
    if (full !== undefined) return { ended: null, full };
    wait?.over();
    let last: Result<JobRun, JobFault> | null = null;
    for (const { member, reason: why } of choices) {
      share.moveTo(member);
      const { name } = member;
      const jobs = name === own ? ok(here) : await this.#parts.on(member, signal);
      if (jobs.isErr()) {
        unusable.push(`${name}: ${jobs.error.message}`);
        continue;
      }
      const elsewhere = bound !== null || unusable.length === 0 ? '' : `; not on ${unusable.join('; ')}`;
      const ended = await jobs.value.run({
        ...call,
        jobAttempt: Math.max(call.jobAttempt ?? 1, this.#free.get(keyOf(call)) ?? 1),
        placed: { member: name, reason: why + elsewhere },
      });
      if (ended.isOk()) {
        this.#free.delete(keyOf(call));
        this.#before.ran(name, call);
      } else if (bound === null && (await this.#mayGoOn(call, ended.error, signal))) {
        last = ended;
        unusable.push(`${name}: ${ended.error.message}`);
        continue;
      }
      return { ended };
    }
    if (last !== null) return { ended: last };
    const silent = all.filter(({ status }) => SILENT.has(status));
    const back = placeableOf(
      silent.map((member) => ({ ...this.#before.known(member, call), status: 'Online' })),
      wanted,
    );
    return { ended: null, unusable, mayPass: back.candidates.length > 0 };
  }

  /** Whether a job has certainly not begun on a member that could not begin it. What there is of it here is removed then. */
  async #mayGoOn(call: IdentifiedCall, fault: JobFault, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted || retryCauseOfFault(fault) !== 'host') return false;
    const { localFiles } = this.#parts.ports;
    const state = jobStateLayout(this.#parts.settings.stateRoot, call.runId, call.job.id);
    const record = await localFiles.lstat(state.jobRecord);
    if (record.isOk() || record.error.kind !== 'not_found') return false;
    if ((await localFiles.remove(state.jobDir, { recursive: true })).isErr()) return false;
    // A machine may have been made there before the answer was lost, and names are those of the cluster.
    const used = Math.max(call.jobAttempt ?? 1, this.#free.get(keyOf(call)) ?? 1);
    this.#free.set(keyOf(call), used + 1);
    return true;
  }

  /**
   * Where it may go now: to a member that has room, or into the queue of one where no job of this runner waits, so that each member has a next one
   * and all others go where room is first. Null of these: it waits.
   */
  #open({ candidates }: PlaceableMembers, all: readonly LookedAtMember[]): readonly PlacementCandidate[] {
    if (candidates.some(({ hasRoom }) => hasRoom)) return candidates;
    const waiting = new Set(all.filter((one) => this.#before.hasWaiting(one)).map(({ name }) => name));
    return candidates.filter(({ member }) => !waiting.has(member));
  }

  /** One job after the other: the next one sees what was given to those before. The best member is first, and the job has its share of that. */
  async #place({ call, all, wanted, share, wait, signal }: ToPlace): Promise<Result<Choices, JobFault>> {
    const { placement, ports } = this.#parts;
    const { host } = ports.shell;
    const done = await this.#turns.take(signal);
    if (done === null)
      return err({
        kind: 'cancelled',
        phase: null,
        host,
        message: 'cancelled while the job was being placed',
      });
    try {
      const placeable = placeableOf(
        all.map((member) => this.#before.known(member, call)),
        wanted,
      );
      const { asks, bound } = wanted;
      const { excluded } = placeable;
      const candidates = wait === null || bound !== null ? placeable.candidates : this.#open(placeable, all);
      if (candidates.length === 0 && placeable.candidates.length > 0)
        return ok({
          choices: [],
          unusable: [],
          full: `none of ${placeable.candidates.length} members has room`,
        });
      const { job, runId, workspace } = call;
      const request = { jobId: job.id, runId, workspace, asks, candidates, excluded };
      // Of one that is bound there is nothing to choose.
      const asked =
        bound === null
          ? await askPlacement(placement, request, { signal })
          : ok(candidates.map(({ member }) => ({ ...bound, member })));
      if (asked.isErr()) return err({ ...asked.error, phase: null, host });
      const named = new Set(asked.value.map(({ member }) => member));
      const left = candidates.filter(({ member }) => !named.has(member));
      const choices = asked.value.flatMap(({ member: name, reason }) => {
        const member = all.find((one) => one.name === name);
        return member === undefined ? [] : [{ member, reason }];
      });
      if (choices[0] !== undefined) share.moveTo(choices[0].member);
      return ok({
        choices,
        unusable: [
          ...excluded.map(({ member, reason }) => `${member}: ${reason}`),
          ...left.map(({ member }) => `${member}: not chosen by the placement`),
        ],
      });
    } finally {
      done();
    }
  }
}

function keyOf({ runId, job }: IdentifiedCall): string {
  return JSON.stringify([runId, job.id]);
}

/** By which its machine is known. The first attempt's, where the call does not say which it is. */
function machineOf({ runId, job, jobAttempt = 1 }: IdentifiedCall): string {
  return machineKey({ runId, jobId: machineJobId(job.id, jobAttempt) });
}

/** What lies on the host alone, and is mounted or copied. */
function whyBound({ job, base, serviceBases, outputs }: RunJobCall): string | null {
  const { preparedOutputs = [] } = job;
  if (base !== undefined || (serviceBases?.size ?? 0) > 0) return 'its template is on the host';
  if (preparedOutputs.length === 0) return null;
  return outputs === undefined ? 'its prepared outputs are on the host' : outputs.bound;
}

function askedOf({ job: { requests, limits = {} } }: RunJobCall): AskedShare {
  return askedShare({ requests, limits });
}
