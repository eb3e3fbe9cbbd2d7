import type { Context, Hono } from 'hono';
import { z } from 'zod';
import type { CollectedArtifact } from '../../domain/artifact.js';
import { branchNameSchema } from '../../domain/branch-name.js';
import { artifactDownload } from './artifact-download.js';
import { logView } from './log-view.js';
import { logPage } from './pages/log-page.js';
import { refusalPage } from './pages/refusal-page.js';
import { runPage } from './pages/run-page.js';
import { runsPage } from './pages/runs-page.js';
import { styleSheet } from './pages/style-sheet.js';
import { invalidRequest, type Refusal, refusalOf } from './refusal.js';
import type { ServedRuns } from './run-source.js';

const RUNS_SHOWN = 200;

const logQuerySchema = z.object({
  kind: z.enum(['host', 'guest']).default('guest'),
  part: z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number)
    .optional(),
  q: z.string().max(200).default(''),
});

/** What people read. */
export function addPageRoutes(app: Hono, runs: ServedRuns): void {
  const { stateRoot, source } = runs;

  app.get('/style.css', (c) =>
    c.body(styleSheet(), 200, {
      'content-type': 'text/css; charset=utf-8',
      'cache-control': 'private, max-age=3600',
    }),
  );

  app.get('/', async (c) => {
    const asked = c.req.query('branch') || undefined;
    const branch = branchNameSchema.optional().safeParse(asked);
    if (!branch.success) return refuse(c, invalidRequest('that is not the name of a branch'));
    const listed = await source.listRuns(stateRoot, {
      limit: RUNS_SHOWN,
      signal: c.req.raw.signal,
      ...(branch.data === undefined ? {} : { branch: branch.data }),
    });
    if (listed.isErr()) return refuse(c, refusalOf(listed.error));
    return c.html(runsPage(listed.value, branch.data ?? null));
  });

  app.get('/runs/:run_id', async (c) => {
    const runId = c.req.param('run_id');
    const { signal } = c.req.raw;
    const bundle = await source.loadRunBundle(stateRoot, runId, { signal });
    if (bundle.isErr()) return refuse(c, refusalOf(bundle.error));
    const artifacts = new Map<string, readonly CollectedArtifact[]>();
    for (const { id } of bundle.value.run.jobs) {
      const job = await source.loadJob(stateRoot, runId, id, { signal });
      if (job.isOk()) artifacts.set(id, job.value.outcome?.artifacts.collected ?? []);
    }
    return c.html(runPage(bundle.value, artifacts));
  });

  app.get('/runs/:run_id/logs/:job', async (c) => {
    const query = logQuerySchema.safeParse(c.req.query());
    if (!query.success) return refuse(c, invalidRequest('kind is "host" or "guest", and part a number'));
    const { kind, part, q: search } = query.data;
    const { run_id: runId, job } = c.req.param();
    const view = await logView(runs, { runId, job, kind, part, search, signal: c.req.raw.signal });
    return view.isOk() ? c.html(logPage(view.value)) : refuse(c, view.error);
  });

  app.get('/runs/:run_id/artifacts/:job', async (c) => {
    const { run_id: runId, job } = c.req.param();
    const path = c.req.query('path') ?? '';
    const answer = await artifactDownload(runs, { runId, job, path, signal: c.req.raw.signal });
    return answer instanceof Response ? answer : refuse(c, answer);
  });
}

function refuse(c: Context, refusal: Refusal) {
  return c.html(refusalPage(refusal), refusal.status);
}
