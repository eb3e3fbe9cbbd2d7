import type { PikaciEvent } from '../../../domain/event.js';
import type { Phase } from '../../../domain/phase.js';
import type { RunEvent } from '../../../domain/run-event.js';
import { formatBytes, formatDuration } from './quantities.js';

interface Current {
  readonly phase: Phase | 'prepare';
  /** Monotonic, ms. */
  readonly since: number;
  readonly upload: { readonly bytes: number; readonly total: number } | null;
}

/** In which phase each job is and since when, for the status line. */
export class JobProgress {
  readonly #current = new Map<string, Current>();

  observe(event: PikaciEvent, monotonicNow: number): void {
    const present = this.#current.get(event.job_id);
    if (event.type === 'phase_started') {
      this.#current.set(event.job_id, { phase: event.phase, since: monotonicNow, upload: null });
    } else if (event.type === 'upload_progress' && present !== undefined) {
      const upload = { bytes: event.bytes, total: event.total_bytes };
      this.#current.set(event.job_id, { ...present, upload });
    } else if (
      (event.type === 'phase_finished' && present?.phase === event.phase) ||
      event.type === 'cleaned_up'
    ) {
      this.#current.delete(event.job_id);
    }
  }

  /** Prepare nodes stand beside the jobs. */
  observeNode(event: RunEvent, monotonicNow: number): void {
    if (event.type === 'node_started' && event.kind === 'prepare')
      this.#current.set(event.node_id, { phase: 'prepare', since: monotonicNow, upload: null });
    if (event.type === 'node_finished' && event.kind === 'prepare') this.#current.delete(event.node_id);
  }

  /** Null when nothing is under way. The longest-running job comes first: it is the one that is waited for. */
  text(monotonicNow: number): string | null {
    const jobs = [...this.#current].sort(([, a], [, b]) => a.since - b.since);
    if (jobs.length === 0) return null;
    return jobs.map(([id, current]) => `[${id}] ${describe(current, monotonicNow)}`).join('  ');
  }
}

function describe({ phase, since, upload }: Current, now: number): string {
  const sent =
    upload === null
      ? ''
      : ` ${formatBytes(upload.bytes)} of ${formatBytes(Math.max(upload.total, upload.bytes))}`;
  return `${phase}${sent} ${formatDuration(Math.max(0, now - since))}`;
}
