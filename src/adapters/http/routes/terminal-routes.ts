import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Hono } from 'hono';
import { jobIdSchema, runIdSchema } from '../../../domain/values/identifier.js';
import { refusalPage } from '../pages/refusal-page.js';
import { terminalPage } from '../pages/terminal-page.js';
import { invalidRequest, type Refusal, refusalJson } from '../source/refusal.js';
import type { TerminalTickets } from '../terminal/terminal-tickets.js';
import { asset } from './asset-routes.js';
import { proofIn } from './proof-in-form.js';

const TERMINAL = /^\/runs\/[^/]+\/jobs\/[^/]+\/terminal$/;

/** Where a ticket for a terminal is had. */
export function isTerminal(path: string): boolean {
  return TERMINAL.test(path);
}

export interface TerminalRoutes {
  readonly tickets: TerminalTickets;
  readonly proof: string;
  whyNot(headers: Headers, proof: string | null): Refusal | null;
}

const installed = createRequire(import.meta.url);
const PACKAGED = {
  '/script/xterm.mjs': ['@xterm/xterm/lib/xterm.mjs', 'text/javascript'],
  '/script/addon-fit.mjs': ['@xterm/addon-fit/lib/addon-fit.mjs', 'text/javascript'],
  '/xterm.css': ['@xterm/xterm/css/xterm.css', 'text/css'],
} as const;

/** The page of a terminal, what it is drawn with, and its tickets; the terminal itself is a websocket. */
export function addTerminalRoutes(app: Hono, { tickets, proof, whyNot }: TerminalRoutes): void {
  app.get('/runs/:run_id/jobs/:job/terminal', (c) => {
    const runId = runIdSchema.safeParse(c.req.param('run_id'));
    const jobId = jobIdSchema.safeParse(c.req.param('job'));
    if (!runId.success || !jobId.success) return c.html(refusalPage(NO_IDS), 400);
    return c.html(terminalPage({ runId: runId.data, jobId: jobId.data, proof }));
  });
  app.post('/runs/:run_id/jobs/:job/terminal', async (c) => {
    const refusal = whyNot(c.req.raw.headers, await proofIn(c));
    if (refusal !== null) return refusalJson(refusal);
    const runId = runIdSchema.safeParse(c.req.param('run_id'));
    const jobId = jobIdSchema.safeParse(c.req.param('job'));
    if (!runId.success || !jobId.success) return refusalJson(NO_IDS);
    const ticket = tickets.give({ runId: runId.data, jobId: jobId.data });
    if (ticket !== null) return c.json({ ticket });
    return refusalJson({
      status: 503,
      kind: 'too_many',
      message: 'too many terminals are being opened: try again in half a minute',
    });
  });
  for (const [path, [file, type]] of Object.entries(PACKAGED))
    app.get(path, async (c) => asset(c, await readFile(installed.resolve(file), 'utf8'), type));
}

const NO_IDS = invalidRequest('the id of the run or of the job breaks the rule for ids');
