import type { Context, Hono } from 'hono';
import { ok } from 'neverthrow';
import { z } from 'zod';
import { runStatusSchema } from '../../../domain/events/run-status.js';
import type { RunActions } from '../../../domain/target/run-actions.js';
import { branchNameSchema } from '../../../domain/values/branch-name.js';
import { runIdSchema } from '../../../domain/values/identifier.js';
import { searchLog } from '../log/log-search.js';
import { logPartView } from '../log/log-view.js';
import { partOfLine } from '../log/part-of-line.js';
import { placedSteps } from '../log/placed-steps.js';
import { addressOf, type LogOfJob, logPage } from '../pages/log-page.js';
import { encoded } from '../pages/page.js';
import { refusalPage } from '../pages/refusal-page.js';
import { runPage } from '../pages/run-page.js';
import { type RunsFilter, runsPage } from '../pages/runs-page.js';
import { searchPage } from '../pages/search-page.js';
import { foldId } from '../pages/step-fold.js';
import { cutOfLog } from '../source/cut-of-log.js';
import { jobOfRun } from '../source/job-of-run.js';
import { logKindSchema } from '../source/log-kind.js';
import { invalidRequest, notFound, type Refusal, refusalOf } from '../source/refusal.js';
import type { ServedRuns } from '../source/run-source.js';
import { nameInQuery } from './name-in-query.js';
import { runView } from './run-view.js';

/** On a page. */
const RUNS_SHOWN = 200;

const count = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);

const runsQuerySchema = z.object({
  branch: z
    .string()
    .transform((text) => text || undefined)
    .pipe(branchNameSchema.optional())
    .optional(),
  target: z
    .string()
    .max(200)
    .transform((text) => text || undefined)
    .optional(),
  status: z
    .string()
    .transform((text) => text || undefined)
    .pipe(runStatusSchema.optional())
    .optional(),
  page: count.refine((page) => page > 0).default(1),
});

const logQuerySchema = z.object({
  kind: logKindSchema,
  part: count.optional(),
  line: count.optional(),
  step: z.string().max(100).optional(),
  q: z.string().max(200).default(''),
});

/** What the pages need where runs may be changed from them. */
export interface PageChanges extends Pick<RunActions, 'noteOf'> {
  readonly proof: string;
}

/** What people read. */
export function addPageRoutes(
  app: Hono,
  runs: ServedRuns,
  {
    changes,
    showsHosts,
    hasTerminals,
  }: {
    readonly changes: PageChanges | null;
    readonly showsHosts: boolean;
    readonly hasTerminals: boolean;
  },
): void {
  const { stateRoot, source } = runs;

  app.get('/', async (c) => {
    const query = runsQuerySchema.safeParse({ ...c.req.query(), branch: nameInQuery(c.req.url, 'branch') });
    if (!query.success)
      return refuse(
        c,
        invalidRequest(
          `branch is the name of a branch, target that of a target, status one of ${runStatusSchema.options.join(', ')}, and page a number from 1 on`,
        ),
      );
    const { page } = query.data;
    const filter = present(query.data);
    const listed = await source.listRuns(stateRoot, {
      skip: (page - 1) * RUNS_SHOWN,
      limit: RUNS_SHOWN,
      signal: c.req.raw.signal,
      ...filter,
    });
    if (listed.isErr()) return refuse(c, refusalOf(listed.error));
    const pages = Math.max(1, Math.ceil(listed.value.matching / RUNS_SHOWN));
    if (page > pages) return refuse(c, notFound(`the list has ${pages} ${pages === 1 ? 'page' : 'pages'}`));
    // Of the host, not of these runs: they stand where all runs are asked for.
    const isAll = page === 1 && Object.keys(filter).length === 0;
    const pools = isAll ? await source.loadPools(stateRoot, { signal: c.req.raw.signal }) : ok([]);
    if (pools.isErr()) return refuse(c, refusalOf(pools.error));
    const part = { filter, page, pages, perPage: RUNS_SHOWN, showsHosts };
    return c.html(runsPage(listed.value, part, pools.value));
  });

  app.get('/runs/:run_id', async (c) => {
    const view = await runView(runs, c.req.param('run_id'), c.req.raw.signal);
    if (view.isErr()) {
      const note = view.error.kind === 'no_such_run' ? changes?.noteOf(c.req.param('run_id')) : null;
      return refuse(c, note == null ? refusalOf(view.error) : notFound(note));
    }
    const begun = runIdSchema.safeParse(c.req.query('begun'));
    const asked = begun.success && changes !== null ? begun.data : null;
    return c.html(runPage(view.value, { proof: changes?.proof ?? null, begun: asked, hasTerminals }));
  });

  app.get('/runs/:run_id/logs/:job', async (c) => {
    const query = logQuerySchema.safeParse(c.req.query());
    if (!query.success)
      return refuse(c, invalidRequest('kind is "host" or "guest", part and line are numbers'));
    const { kind, part, line, step, q: wanted } = query.data;
    const { run_id: runId, job } = c.req.param();
    const { signal } = c.req.raw;
    const known = await jobOfRun(runs, { runId, job, signal });
    if (known.isErr()) return refuse(c, known.error);
    const log: LogOfJob = { runId, job, kind, status: known.value.status, hasTerminals };
    const call = { runId, job, kind, signal };
    if (wanted !== '') {
      const search = await searchLog(runs, { ...call, wanted });
      return search.isOk()
        ? c.html(searchPage(log, wanted, search.value))
        : refuse(c, refusalOf(search.error));
    }
    if (line !== undefined) {
      const at = await partOfLine(runs, { ...call, number: line });
      if (at.isErr()) return refuse(c, refusalOf(at.error));
      if (at.value === null) return refuse(c, notFound(`the log has no line ${line}`));
      return c.redirect(`${addressOf(log)}?kind=${kind}&part=${at.value}#L${line}`);
    }
    const steps = kind === 'guest' ? (known.value.steps ?? []) : [];
    const placed = await placedSteps(runs, call, steps);
    if (placed.isErr()) return refuse(c, refusalOf(placed.error));
    if (step !== undefined && part === undefined) {
      const found = placed.value.find((one) => one.step.id === step);
      if (found === undefined) return refuse(c, notFound(`the job ${job} has no record of a step ${step}`));
      const at = await partOfLine(runs, { ...call, number: found.first });
      if (at.isErr()) return refuse(c, refusalOf(at.error));
      // One that has written nothing yet is at the end, in the last part.
      if (at.value !== null) {
        const query = `kind=${kind}&part=${at.value}&step=${encoded(step)}`;
        return c.redirect(`${addressOf(log)}?${query}#${foldId(found.step)}`);
      }
    }
    const view = await logPartView(runs, { ...call, part });
    if (view.isErr()) return refuse(c, refusalOf(view.error));
    if (view.value.lines === null) return refuse(c, notFound(`the log has ${view.value.parts} parts`));
    const cut = kind === 'guest' ? await cutOfLog(runs, call) : null;
    return c.html(logPage(log, view.value, { steps: { placed: placed.value, wanted: step }, cut }));
  });
}

/** What is asked for, without what is not. */
function present({ branch, target, status }: z.infer<typeof runsQuerySchema>): RunsFilter {
  return {
    ...(branch === undefined ? {} : { branch }),
    ...(target === undefined ? {} : { target }),
    ...(status === undefined ? {} : { status }),
  };
}

function refuse(c: Context, refusal: Refusal) {
  return c.html(refusalPage(refusal), refusal.status);
}
