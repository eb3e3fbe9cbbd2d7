import type { Hono } from 'hono';
import { z } from 'zod';
import { branchNameSchema } from '../../../domain/values/branch-name.js';
import { isAllowedToFail } from '../../../domain/values/node-condition.js';
import { badge } from '../pages/badge.js';
import { invalidRequest, notFound, refusalJson, refusalOf } from '../source/refusal.js';
import type { ServedRuns } from '../source/run-source.js';

/** Of each log in one answer. */
const LOG_BYTES = 4 * 1024 * 1024;

const logsQuerySchema = z.object({
  job: z.string().optional(),
  kind: z.enum(['host', 'guest', 'both']).optional(),
});

/** What programs read. */
export function addApiRoutes(app: Hono, { stateRoot, source }: ServedRuns): void {
  app.get('/news/api/forge/pikaci/run/:run_id', async (c) => {
    const run = await source.loadRunRecord(stateRoot, c.req.param('run_id'), { signal: c.req.raw.signal });
    return run.isOk() ? c.json(run.value) : refusalJson(refusalOf(run.error));
  });

  app.get('/news/api/forge/pikaci/logs/:run_id', async (c) => {
    const query = logsQuerySchema.safeParse(c.req.query());
    if (!query.success) return refusalJson(invalidRequest('kind is "host", "guest" or "both"'));
    const { job, kind } = query.data;
    const logs = await source.loadLogs(stateRoot, c.req.param('run_id'), {
      signal: c.req.raw.signal,
      maxBytes: LOG_BYTES,
      ...(job === undefined ? {} : { job }),
      ...(kind === undefined ? {} : { kind }),
    });
    return logs.isOk() ? c.json(logs.value) : refusalJson(refusalOf(logs.error));
  });

  app.get('/news/api/forge/pikaci/prepared-outputs/:run_id', async (c) => {
    const runId = c.req.param('run_id');
    const bundle = await source.loadRunBundle(stateRoot, runId, { signal: c.req.raw.signal });
    if (bundle.isErr()) return refusalJson(refusalOf(bundle.error));
    const { preparedOutputs } = bundle.value;
    if (preparedOutputs !== null) return c.json(preparedOutputs);
    return refusalJson(notFound(`run ${runId} has no prepared outputs that can be read`));
  });

  app.get('/badge/:file{.+[.]svg}', async (c) => {
    const branch = branchNameSchema.safeParse(c.req.param('file').replace(/[.]svg$/, ''));
    if (!branch.success) return refusalJson(invalidRequest('that is not the name of a branch'));
    const target = c.req.query('target');
    const listed = await source.listRuns(stateRoot, {
      branch: branch.data,
      limit: 1,
      signal: c.req.raw.signal,
      ...(target === undefined ? {} : { target }),
    });
    if (listed.isErr()) return refusalJson(refusalOf(listed.error));
    const headers = { 'content-type': 'image/svg+xml; charset=utf-8', 'cache-control': 'no-cache' };
    const newest = listed.value.runs[0];
    const allowed = newest?.jobs.filter(isAllowedToFail).length;
    return c.body(badge(newest?.status ?? null, allowed), 200, headers);
  });

  // A branch may have slashes, as they are or as %2F.
  app.get('/news/api/forge/branch/:branch{.+}/logs', async (c) => {
    const branch = branchNameSchema.safeParse(c.req.param('branch'));
    if (!branch.success) return refusalJson(invalidRequest('that is not the name of a branch'));
    const { signal } = c.req.raw;
    const listed = await source.listRuns(stateRoot, { branch: branch.data, limit: 1, signal });
    if (listed.isErr()) return refusalJson(refusalOf(listed.error));
    const [newest] = listed.value.runs;
    if (newest === undefined) return refusalJson(notFound(`no run of the branch ${branch.data} is recorded`));
    const bundle = await source.loadRunBundle(stateRoot, newest.run_id, { signal });
    if (bundle.isErr()) return refusalJson(refusalOf(bundle.error));
    const { run, logs, preparedOutputs } = bundle.value;
    return c.json({
      branch: branch.data,
      pikaci_run: run,
      pikaci_log_metadata: logs,
      pikaci_prepared_outputs: preparedOutputs,
    });
  });
}
