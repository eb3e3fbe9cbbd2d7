import { Hono } from 'hono';
import type { HostsView } from '../../application/hosts/hosts-view.js';
import type { WebhookReceiver } from '../../domain/hooks/webhook-receiver.js';
import type { RunActions } from '../../domain/target/run-actions.js';
import { type Gate, isPublic, proofOf, refusalAtGate, refusalOfChange } from './gate.js';
import type { EventStreams } from './live/event-streams.js';
import { refusalPage } from './pages/refusal-page.js';
import { addActionRoutes, isAction } from './routes/action-routes.js';
import { addApiRoutes } from './routes/api-routes.js';
import { addAssetRoutes } from './routes/asset-routes.js';
import { addEventRoutes } from './routes/event-routes.js';
import { addFileRoutes } from './routes/file-routes.js';
import { addHookRoutes, HOOKS } from './routes/hook-routes.js';
import { addHostRoutes } from './routes/host-routes.js';
import { addMetricsRoute } from './routes/metrics-route.js';
import { addPageRoutes } from './routes/page-routes.js';
import { addTerminalRoutes, isTerminal } from './routes/terminal-routes.js';
import { secure } from './security-headers.js';
import { notFound, type Refusal, refusalJson } from './source/refusal.js';
import type { ServedRuns } from './source/run-source.js';
import type { TerminalTickets } from './terminal/terminal-tickets.js';

/** What a server does beside showing what is recorded; none of it when left out. */
export interface Also {
  readonly hosts?: HostsView | null;
  /** Of terminals in machines of jobs. */
  readonly tickets?: TerminalTickets | null;
  readonly hooks?: WebhookReceiver | null;
  readonly actions?: RunActions | null;
}

/** All routes, behind the gate, and read only; but for webhooks, which prove themselves, and what people do to runs, which needs a token. */
export function createApp(
  runs: ServedRuns,
  gate: Gate,
  streams: EventStreams,
  { hooks = null, actions = null, hosts = null, tickets = null }: Also = {},
): Hono {
  const app = new Hono();
  app.use(async (c, next) => {
    const isForAll = isPublic(gate, c.req.path);
    if (hooks !== null && c.req.method === 'POST' && c.req.path.startsWith(HOOKS)) {
      await next();
      secure(c.res.headers);
      return;
    }
    const { path } = c.req;
    const isKnown = (actions !== null && isAction(path)) || (tickets !== null && isTerminal(path));
    const isChange = c.req.method === 'POST' && isKnown;
    const refusal =
      (isForAll ? null : refusalAtGate(gate, c.req.raw.headers)) ??
      (isChange ? null : refusalOfMethod(c.req.method));
    if (refusal === null) await next();
    else c.res = refusalJson(refusal);
    if (refusal?.status === 401)
      c.res.headers.set('www-authenticate', 'Basic realm="pikaci", Bearer realm="pikaci"');
    if (refusal?.status === 405) c.res.headers.set('allow', 'GET, HEAD');
    if (isForAll) c.res.headers.set('cross-origin-resource-policy', 'cross-origin');
    secure(c.res.headers);
  });
  if (hooks !== null) addHookRoutes(app, hooks);
  addApiRoutes(app, runs);
  addEventRoutes(app, runs, streams);
  addMetricsRoute(app, runs, streams);
  addHostRoutes(app, hosts);
  addAssetRoutes(app);
  // Without a token nobody changes anything (`serveRuns` refuses that).
  const { token } = gate;
  const proof = token === null ? null : proofOf(token);
  const whyNot = (headers: Headers, shown: string | null) =>
    token === null ? NO_TOKEN : refusalOfChange(headers, { token, proof: shown });
  const isChanging = actions !== null && proof !== null;
  if (isChanging) addActionRoutes(app, actions, whyNot);
  if (tickets !== null && proof !== null) addTerminalRoutes(app, { tickets, proof, whyNot });
  addPageRoutes(app, runs, {
    showsHosts: hosts !== null,
    hasTerminals: tickets !== null && proof !== null,
    changes: isChanging ? { proof, noteOf: (runId) => actions.noteOf(runId) } : null,
  });
  addFileRoutes(app, runs);
  app.notFound((c) => {
    const refusal = notFound('there is nothing under this address');
    const isForPerson = isPageAsked(c.req.header('accept')) && !c.req.path.startsWith(FOR_PROGRAMS);
    return isForPerson ? c.html(refusalPage(refusal), 404) : refusalJson(refusal);
  });
  app.onError((error) => {
    console.error(error);
    const message = 'this is a bug in pikaci, please report it';
    return refusalJson({ status: 500, kind: 'bug', message });
  });
  return app;
}

const NO_TOKEN: Refusal = { status: 403, kind: 'forbidden', message: 'that needs a token' };

/** Below this everything is JSON, whatever is said to be taken. */
const FOR_PROGRAMS = '/news/';

/** Browsers ask for pages by this name, and few programs do. */
function isPageAsked(accept: string | undefined): boolean {
  return accept?.includes('text/html') === true;
}

function refusalOfMethod(method: string): Refusal | null {
  if (method === 'GET' || method === 'HEAD') return null;
  return { status: 405, kind: 'method_not_allowed', message: 'this address is read only' };
}
