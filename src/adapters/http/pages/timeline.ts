import type { StoredEvent } from '../../../application/records/follow-events.js';
import { wireEventSchema } from '../../../domain/events/event.js';
import { runEventSchema } from '../../../domain/events/run-event.js';
import { isFinal } from '../../../domain/events/run-status.js';
import type { RunRecord } from '../../../domain/records/run-record.js';

/** A stretch of time, in milliseconds since the epoch. */
export interface Stretch {
  readonly name: string;
  readonly start: number;
  readonly end: number;
  readonly state: 'ok' | 'failed' | 'going';
}

export interface TimelineRow {
  readonly label: string;
  readonly stretches: readonly Stretch[];
}

/** What took how long, and beside what: a row for each preparation, then one for each job. */
export type Timeline = readonly TimelineRow[];

/** What the records say, and, of what has not ended, what the events say. */
export function timelineOf(run: RunRecord, going: GoingStretches): Timeline {
  const prepared = new Set(run.prepare_timings.map(({ node_id }) => node_id));
  const rows: TimelineRow[] = run.prepare_timings.map((timing) => ({
    label: timing.node_id,
    stretches: recorded(timing.cached ? 'cached' : 'prepare', timing),
  }));
  if (!isFinal(run.status))
    for (const { label, stretches } of going.preparations())
      if (!prepared.has(label)) rows.push({ label, stretches });
  for (const job of run.jobs) {
    const phases = job.remote_linux_vm_execution?.phases ?? [];
    const stretches = phases.flatMap((timing) => recorded(timing.phase, timing));
    const isGoing = stretches.length === 0 && job.status === 'running';
    rows.push({ label: job.id, stretches: isGoing ? going.ofJob(job.id) : stretches });
  }
  return rows.filter(({ stretches }) => stretches.length > 0);
}

function recorded(name: string, timing: { started_at: string; duration_ms: number; ok: boolean }): Stretch[] {
  const start = Date.parse(timing.started_at);
  if (!Number.isFinite(start)) return [];
  return [{ name, start, end: start + timing.duration_ms, state: timing.ok ? 'ok' : 'failed' }];
}

/** The phases of jobs, and the preparations, that have begun, as the events tell of them: the records say so only at the end. */
export class GoingStretches {
  readonly #now: number;
  readonly #phases = new Map<string, Map<string, Stretch>>();
  readonly #preparations = new Map<string, Stretch>();

  constructor(now: number) {
    this.#now = now;
  }

  take({ event }: StoredEvent): void {
    if (event.type.startsWith('phase_')) this.#takePhase(event);
    if (event.type.startsWith('node_')) this.#takeNode(event);
  }

  ofJob(id: string): Stretch[] {
    return [...(this.#phases.get(id)?.values() ?? [])];
  }

  preparations(): TimelineRow[] {
    return [...this.#preparations].map(([label, stretch]) => ({ label, stretches: [stretch] }));
  }

  #takePhase(event: StoredEvent['event']): void {
    const parsed = wireEventSchema.safeParse(event);
    if (!parsed.success) return;
    const { data } = parsed;
    if (data.type !== 'phase_started' && data.type !== 'phase_finished') return;
    const at = Date.parse(data.at);
    if (!Number.isFinite(at)) return;
    const phases = this.#phases.get(data.job_id) ?? new Map<string, Stretch>();
    this.#phases.set(data.job_id, phases);
    const stretch: Stretch =
      data.type === 'phase_started'
        ? { name: data.phase, start: at, end: Math.max(at, this.#now), state: 'going' }
        : { name: data.phase, start: at - data.duration_ms, end: at, state: data.ok ? 'ok' : 'failed' };
    phases.set(data.phase, stretch);
  }

  #takeNode(event: StoredEvent['event']): void {
    const parsed = runEventSchema.safeParse(event);
    if (!parsed.success) return;
    const { data } = parsed;
    if (data.type === 'node_finished') this.#preparations.delete(data.node_id);
    if (data.type !== 'node_started' || data.kind !== 'prepare') return;
    const start = Date.parse(data.at);
    if (!Number.isFinite(start)) return;
    this.#preparations.set(data.node_id, {
      name: 'prepare',
      start,
      end: Math.max(start, this.#now),
      state: 'going',
    });
  }
}
