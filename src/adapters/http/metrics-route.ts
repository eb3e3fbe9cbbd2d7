import type { Hono } from 'hono';
import type { EventStreams } from './event-streams.js';
import { metricsText } from './metrics.js';
import { refusalJson, refusalOf } from './refusal.js';
import type { ServedRuns } from './run-source.js';

export function addMetricsRoute(app: Hono, { stateRoot, source }: ServedRuns, streams: EventStreams): void {
  app.get('/metrics', async (c) => {
    const listed = await source.listRuns(stateRoot, { signal: c.req.raw.signal });
    if (listed.isErr()) return refusalJson(refusalOf(listed.error));
    return c.body(metricsText(listed.value, streams.count), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    });
  });
}
