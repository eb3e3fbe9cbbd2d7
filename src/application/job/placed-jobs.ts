import { err, ok, type Result } from 'neverthrow';
import { type AskedShare, askedShare } from '../../domain/machine/host-share.js';
import { type PlaceableMember, rankMembers } from '../../domain/machine/placement.js';
import type { Clock } from '../../ports/clock.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { LookedAtMember } from '../cluster/look-at-members.js';
import type { JobFault } from '../faults/job-fault.js';
import { incusFault } from '../faults/port-faults.js';
import type { JobRun } from './job-call.js';
import type { RunAttempts, RunAttemptsCall } from './run-attempts.js';

type Jobs = Pick<RunAttempts, 'run'>;

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
  | { readonly ended: null; readonly unusable: readonly string[]; readonly mayPass: boolean };

export interface PlacedJobsParts {
  /** On the host of the configuration. */
  readonly here: Jobs;
  readonly host: string;
  readonly clock: Pick<Clock, 'monotonic' | 'sleep'>;
  readonly members: readonly string[] | null;
  readonly group: string | null;
  /** The members, and which of them the host is; null where the daemon is in no cluster. */
  readonly look: (signal: AbortSignal) => Promise<Result<Looked | null, IncusFault>>;
  /** What runs jobs on another member. */
  readonly on: (member: LookedAtMember, signal: AbortSignal) => Promise<Result<Jobs, JobFault>>;
}

/** Each job on the member of the cluster that is best for it; its attempts stay there. What was sent to a member, and what runs there, is remembered. */
export class PlacedJobs implements Jobs {
  readonly #parts: PlacedJobsParts;
  readonly #running = new Map<string, number>();
  readonly #sent = new Set<string>();

  constructor(parts: PlacedJobsParts) {
    this.#parts = parts;
  }

  async run(call: RunAttemptsCall): Promise<Result<JobRun, JobFault>> {
    const { here, clock, host } = this.#parts;
    // What is taken up stays where it is.
    if (call.begun !== undefined) return await here.run(call);
    const signal = call.signal ?? new AbortController().signal;
    const sinceMs = clock.monotonic();
    for (;;) {
      const looked = await this.#parts.look(signal);
      if (looked.isErr()) return err(incusFault(looked.error, null));
      if (looked.value === null) return await here.run(call);
      const tried = await this.#onOneOf(call, looked.value, signal);
      if (tried.ended !== null) return tried.ended;
      const isOver = !tried.mayPass || clock.monotonic() - sinceMs >= UNSTEADY_MS;
      if (!isOver && (await clock.sleep(LOOK_MS, signal)) === 'elapsed') continue;
      const message = `no member of the cluster can run the job: ${tried.unusable.join('; ')}`;
      return err({ kind: signal.aborted ? 'cancelled' : 'host', phase: null, host, message });
    }
  }

  async #onOneOf(call: RunAttemptsCall, { own, members: all }: Looked, signal: AbortSignal): Promise<Tried> {
    const { here, members, group } = this.#parts;
    const reason = whyBound(call);
    const bound = reason === null ? null : { member: own, reason };
    const wanted = { asks: askedOf(call), members, group, bound };
    const known = all.map((member) => this.#known(member, call.workspace));
    const ranked = rankMembers(known, wanted);
    const unusable = ranked.excluded.map(({ member, reason: why }) => `${member}: ${why}`);
    for (const { member: name, reason: why } of ranked.usable) {
      const member = all.find((one) => one.name === name);
      if (member === undefined) continue;
      // Before anything is waited for: the next job sees it.
      using _ = this.#reserved(name);
      const jobs = name === own ? ok(here) : await this.#parts.on(member, signal);
      if (jobs.isErr()) {
        unusable.push(`${name}: ${jobs.error.message}`);
        continue;
      }
      const elsewhere = bound !== null || unusable.length === 0 ? '' : `; not on ${unusable.join('; ')}`;
      const ended = await jobs.value.run({ ...call, placed: { member: name, reason: why + elsewhere } });
      if (ended.isOk()) this.#sent.add(sentKey(name, call.workspace));
      return { ended };
    }
    const silent = known.filter(({ status }) => SILENT.has(status));
    const back = rankMembers(
      silent.map((member) => ({ ...member, status: 'Online' })),
      wanted,
    );
    return { ended: null, unusable, mayPass: back.usable.length > 0 };
  }

  #reserved(member: string): Disposable {
    const count = (change: number) => this.#running.set(member, (this.#running.get(member) ?? 0) + change);
    count(1);
    return { [Symbol.dispose]: () => void count(-1) };
  }

  /** The machines of jobs that were placed a moment ago are in no list yet. */
  #known(member: LookedAtMember, workspace: string): PlaceableMember {
    const cpu = Math.max(member.taken.cpu, this.#running.get(member.name) ?? 0);
    return {
      ...member,
      taken: { ...member.taken, cpu },
      hasSnapshot: this.#sent.has(sentKey(member.name, workspace)),
    };
  }
}

function sentKey(member: string, workspace: string): string {
  return JSON.stringify([member, workspace]);
}

/** What lies on the host alone, and is mounted or copied. */
function whyBound({ job, base, serviceBases, artifactsFrom }: RunAttemptsCall): string | null {
  const { preparedOutputs = [], services = [] } = job;
  if (base !== undefined || (serviceBases?.size ?? 0) > 0) return 'its template is on the host';
  if (preparedOutputs.length > 0) return 'its prepared outputs are on the host';
  if (services.length > 0) return 'its services are on the host';
  return artifactsFrom === undefined ? null : 'the artifacts that it gets are on the host';
}

function askedOf({ job: { requests, limits = {} } }: RunAttemptsCall): AskedShare {
  return askedShare({ requests, limits });
}
