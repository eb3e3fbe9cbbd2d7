import type { Hono } from 'hono';
import type { EventStreams } from './event-streams.js';
import { refusalJson, refusalOf } from './refusal.js';
import type { ServedRuns } from './run-source.js';

const HEADERS = { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' };
const FULL = { status: 503, kind: 'too_many_streams', message: 'too many event streams are open' } as const;

/** Server-sent events: those of a run, live. The id of an event is where to go on in `events.jsonl`. */
export function addEventRoutes(app: Hono, { stateRoot, source }: ServedRuns, streams: EventStreams): void {
  app.get('/news/api/forge/pikaci/events/:run_id', async (c) => {
    const runId = c.req.param('run_id');
    const run = await source.loadRunRecord(stateRoot, runId, { signal: c.req.raw.signal });
    if (run.isErr()) return refusalJson(refusalOf(run.error));
    const from = positionOf(c.req.header('last-event-id'));
    // Whoever asks for the head only would leave the stream open, and unread.
    if (c.req.method === 'HEAD') return new Response(null, { headers: HEADERS });
    const follow = (signal: AbortSignal) => source.followEvents(stateRoot, runId, { from, signal });
    const body = streams.open(follow, c.req.raw.signal);
    return body === null ? refusalJson(FULL) : new Response(body, { headers: HEADERS });
  });
}

/** What cannot be an id of ours counts as none: from the beginning. */
function positionOf(lastEventId: string | undefined): number {
  return lastEventId !== undefined && /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : 0;
}
