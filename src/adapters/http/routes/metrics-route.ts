import type { Hono } from 'hono';
import type { EventStreams } from '../live/event-streams.js';
import { refusalJson, refusalOf } from '../source/refusal.js';
import type { ServedRuns } from '../source/run-source.js';
import { metricsText } from './metrics.js';

export function addMetricsRoute(app: Hono, { stateRoot, source }: ServedRuns, streams: EventStreams): void {
  app.get('/metrics', async (c) => {
    const { signal } = c.req.raw;
    const [listed, pools] = await Promise.all([
      source.summarizeRuns(stateRoot, { signal }),
      source.loadPools(stateRoot, { signal }),
    ]);
    if (listed.isErr()) return refusalJson(refusalOf(listed.error));
    if (pools.isErr()) return refusalJson(refusalOf(pools.error));
    return c.body(metricsText(listed.value, pools.value, streams.count), 200, {
      'content-type': 'text/plain; version=0.0.4; charset=utf-8',
    });
  });
}
