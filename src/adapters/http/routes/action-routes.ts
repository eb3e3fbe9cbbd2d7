import type { Context, Hono } from 'hono';
import type { RunActionAnswer, RunActions, RunAgain } from '../../../domain/target/run-actions.js';
import { runIdSchema } from '../../../domain/values/identifier.js';
import { encoded } from '../pages/page.js';
import { refusalPage } from '../pages/refusal-page.js';
import { invalidRequest, type Refusal, refusalJson } from '../source/refusal.js';
import { proofIn } from './proof-in-form.js';

const ACTION = /^\/runs\/[^/]+\/(?:cancel|rerun|rerun-failed|resume)$/;

/** Whether the path is that of something that changes a run. */
export function isAction(path: string): boolean {
  return ACTION.test(path);
}

/** `POST /runs/RUN/cancel` and its like: a person is led to the page of the run, a program has JSON. */
export function addActionRoutes(
  app: Hono,
  actions: RunActions,
  whyNot: (headers: Headers, proof: string | null) => Refusal | null,
): void {
  const add = (action: string, act: (runId: string) => Promise<RunActionAnswer>) =>
    app.post(`/runs/:run_id/${action}`, async (c) => {
      const refusal = whyNot(c.req.raw.headers, await proofIn(c));
      if (refusal !== null) return refused(c, refusal);
      const runId = runIdSchema.safeParse(c.req.param('run_id'));
      if (!runId.success) return refused(c, invalidRequest('the id of the run breaks the rule for ids'));
      return answered(c, runId.data, await act(runId.data));
    });
  add('cancel', (runId) => actions.cancel(runId));
  for (const how of ['rerun', 'rerun-failed', 'resume'] satisfies RunAgain[])
    add(how, (runId) => actions.again(runId, how));
}

function answered(c: Context, of: string, answer: RunActionAnswer): Response | Promise<Response> {
  if (answer.kind === 'refused') return refused(c, { status: 409, kind: 'refused', message: answer.message });
  const run = answer.kind === 'begun' ? answer.runId : of;
  if (!isForPerson(c)) return c.json({ run }, 202);
  return c.redirect(`/runs/${encoded(of)}${run === of ? '' : `?begun=${encoded(run)}`}`, 303);
}

function refused(c: Context, refusal: Refusal): Response | Promise<Response> {
  return isForPerson(c) ? c.html(refusalPage(refusal), refusal.status) : refusalJson(refusal);
}

function isForPerson(c: Context): boolean {
  return c.req.header('accept')?.includes('text/html') === true;
}
