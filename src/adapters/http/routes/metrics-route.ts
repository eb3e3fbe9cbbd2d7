import type { Hono } from 'hono';
import type { EventStreams } from '../live/event-streams.js';
import { refusalJson, refusalOf } from '../source/refusal.js';
import type { ServedRuns } from '../source/run-source.js';
import { metricsText } from './metrics.js';

export function addMetricsRoute(app: Hono, { stateRoot, source }: ServedRuns, streams: EventStreams): void {
  app.get('/metrics', async (c) => {
    const listed = await source.summarizeRuns(stateRoot, { signal: c.req.raw.signal });
    if (listed.isErr()) return refusalJson(refusalOf(listed.error));
    return c.body(metricsText(listed.value, streams.count), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    });
  });
}
