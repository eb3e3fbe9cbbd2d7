import type { Context, Hono } from 'hono';
import { z } from 'zod';
import { refusalPage } from '../pages/refusal-page.js';
import { jobOfRun } from '../source/job-of-run.js';
import { logKindSchema } from '../source/log-kind.js';
import { invalidRequest, notFound, type Refusal, refusalJson } from '../source/refusal.js';
import type { ServedRuns } from '../source/run-source.js';
import { attachment } from './attachment.js';
import { fileAnswer } from './file-answer.js';
import { nameInQuery } from './name-in-query.js';

/** Of a file, read at once; larger than a log's, because each piece of an artifact is looked up in its job's record. */
const PIECE_BYTES = 1024 * 1024;

/** Files as they are. */
export function addFileRoutes(app: Hono, runs: ServedRuns): void {
  const { stateRoot, source } = runs;
  // A file to keep, never one to show: whatever it holds, a browser does not run it here.
  app.get('/runs/:run_id/artifacts/:job', async (c) => {
    const { run_id: runId, job } = c.req.param();
    const path = nameInQuery(c.req.url, 'path') ?? '';
    const { signal } = c.req.raw;
    const read = (offset: number) =>
      source.readArtifact(stateRoot, runId, { job, path, offset, maxBytes: PIECE_BYTES, signal });
    return answered(
      c,
      await fileAnswer(read, c.req.raw.headers, attachment(path.slice(path.lastIndexOf('/') + 1))),
    );
  });

  app.get('/runs/:run_id/logs/:job/raw', async (c) => {
    const kind = logKindSchema.safeParse(c.req.query('kind'));
    if (!kind.success) return answered(c, invalidRequest('kind is "host" or "guest"'));
    const attempt = z.coerce.number().int().min(1).max(1000).optional().safeParse(c.req.query('attempt'));
    if (!attempt.success) return answered(c, invalidRequest('attempt is a number from 1 on'));
    const { run_id: runId, job } = c.req.param();
    const { signal } = c.req.raw;
    const known = await jobOfRun(runs, { runId, job, signal });
    if (known.isErr()) return answered(c, known.error);
    const service = c.req.query('service');
    const last = known.value.attempt ?? 1;
    const which = attempt.data === undefined || attempt.data === last ? {} : { attempt: attempt.data };
    const has = (known.value.earlier_attempts ?? []).some((one) => one.attempt === which.attempt);
    if (which.attempt !== undefined && !has)
      return answered(c, notFound(`the job ${job} has no attempt ${which.attempt}`));
    const of = {
      job,
      kind: kind.data,
      ...(service === undefined ? {} : { service }),
      ...which,
      maxBytes: PIECE_BYTES,
      signal,
    };
    const read = (offset: number) => source.readLog(stateRoot, runId, { ...of, offset });
    return answered(
      c,
      await fileAnswer(read, c.req.raw.headers, { 'content-type': 'text/plain; charset=utf-8' }),
    );
  });
}

/** Programs are told as JSON, whatever they say they take. A browser that goes there, as no program says of itself, shows what it is told as a page. */
function answered(c: Context, answer: Response | Refusal) {
  if (answer instanceof Response) return answer;
  const isForPerson = c.req.header('sec-fetch-mode') === 'navigate';
  return isForPerson ? c.html(refusalPage(answer), answer.status) : refusalJson(answer);
}
