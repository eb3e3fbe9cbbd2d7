import type { Context, Hono } from 'hono';
import type { StoredEvent } from '../../../application/records/follow-events.js';
import type { RunStateFault } from '../../../application/records/run-state-fault.js';
import type { EventStreams, SentEvent } from '../live/event-streams.js';
import { followLog } from '../live/follow-log.js';
import { LOG_START, parsedPosition } from '../log/log-position.js';
import { jobOfRun } from '../source/job-of-run.js';
import { logKindSchema } from '../source/log-kind.js';
import { invalidRequest, type Refusal, refusalJson, refusalOf } from '../source/refusal.js';
import type { ServedRuns } from '../source/run-source.js';

const FULL: Refusal = { status: 503, kind: 'too_many_streams', message: 'too many event streams are open' };

/** Server-sent events: those of a run, and the lines of a log, live. The id of an event is where to go on. */
export function addEventRoutes(app: Hono, runs: ServedRuns, streams: EventStreams): void {
  const { stateRoot, source } = runs;

  app.get('/news/api/forge/pikaci/events/:run_id', async (c) => {
    const runId = c.req.param('run_id');
    const run = await source.loadRunRecord(stateRoot, runId, { signal: c.req.raw.signal });
    if (run.isErr()) return refusalJson(refusalOf(run.error));
    const from = /^\d{1,15}$/.test(resumedAt(c)) ? Number(resumedAt(c)) : 0;
    const answer = streams.answer(c.req.raw, async function* (signal) {
      const events = source.followEvents(stateRoot, runId, { from, signal });
      let next = await events.next();
      for (; next.done !== true; next = await events.next()) yield next.value.match(sentEvent, sentFault);
      return next.value;
    });
    return answer ?? refusalJson(FULL);
  });

  app.get('/runs/:run_id/logs/:job/lines', async (c) => {
    const kind = logKindSchema.safeParse(c.req.query('kind'));
    if (!kind.success) return refusalJson(invalidRequest('kind is "host" or "guest"'));
    const { run_id: runId, job } = c.req.param();
    const known = await jobOfRun(runs, { runId, job, signal: c.req.raw.signal });
    if (known.isErr()) return refusalJson(known.error);
    const from = parsedPosition(resumedAt(c)) ?? LOG_START;
    const follow = (signal: AbortSignal) => followLog(runs, { runId, job, kind: kind.data, from, signal });
    return streams.answer(c.req.raw, follow) ?? refusalJson(FULL);
  });
}

/** What a browser sends when it comes back; what a page asks for at first. What cannot be an id of ours counts as none: from the beginning. */
function resumedAt(c: Context): string {
  return c.req.header('last-event-id') ?? c.req.query('from') ?? '';
}

function sentEvent({ position, event }: StoredEvent): SentEvent {
  return { id: String(position), data: JSON.stringify(event) };
}

function sentFault({ kind, message }: RunStateFault): SentEvent {
  return { event: 'fault', data: JSON.stringify({ kind, message }) };
}
