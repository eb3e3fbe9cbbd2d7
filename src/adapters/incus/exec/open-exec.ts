import { err, ok, type Result } from 'neverthrow';
import type { IncusExec } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusExecRequest } from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { type CallSite, fault } from '../http/call-site.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire, WireRequest } from '../wire/wire.js';
import { afterStart } from './after-start.js';
import { ExecInput } from './exec-input.js';
import { execResult } from './exec-result.js';
import { ExecSession } from './exec-session.js';
import { type Fd, fdsOf, type StartedExec, startExec } from './exec-started.js';
import { openWebSocket } from './websocket.js';

/** Starts a command and opens its sockets all at once; its result is asked for while they shake hands. */
export async function openExec(
  wire: Wire,
  target: { readonly project: string; readonly name: string },
  request: IncusExecRequest,
  options: CallOptions = {},
): Promise<Result<IncusExec, IncusFault>> {
  const path = apiPath(['instances', target.name, 'exec'], { project: target.project });
  const call: WireRequest = { ...options, method: 'POST', path };
  const site = wire.siteOf(call);
  const started = await startExec(wire, call, request);
  if (started.isErr()) return err(started.error);
  const waiting = new AbortController();
  const unlisten = new AbortController();
  const session = new ExecSession(site, request.terminal ? ['0'] : ['1', '2'], () => {
    unlisten.abort();
    waiting.abort();
  });
  failOn(session, wire.closing, unlisten.signal, () =>
    fault(site, 'closed', 'the API was closed by its owner'),
  );
  if (options.signal) {
    failOn(session, options.signal, unlisten.signal, () =>
      fault(site, 'aborted', 'the command was cancelled'),
    );
  }
  const { operation } = started.value;
  void execResult(wire, operation, site.tried, waiting.signal).then((result) => session.resulted(result));
  const connecting = fdsOf(request).map((fd) =>
    connect(wire, session, { site, fd, request, started: started.value }),
  );
  await Promise.race([Promise.all(connecting), session.exit]);
  if (!session.settled) return ok(session);
  // It may have ended already, or never have come to run.
  const exit = await session.exit;
  return exit.map(() => session);
}

function failOn(session: ExecSession, signal: AbortSignal, until: AbortSignal, why: () => IncusFault): void {
  if (signal.aborted) session.fail(why());
  else signal.addEventListener('abort', () => session.fail(why()), { once: true, signal: until });
}

async function connect(
  wire: Wire,
  session: ExecSession,
  what: {
    readonly site: CallSite;
    readonly fd: Fd;
    readonly request: IncusExecRequest;
    readonly started: StartedExec;
  },
): Promise<void> {
  const { site, fd, request, started } = what;
  const path = apiPath(['operations', started.operation, 'websocket'], { secret: started.fds[fd] });
  const opened = await openWebSocket(site, wire.agent, path, session.eventsOf(fd));
  if (opened.isErr()) return session.refused(afterStart(opened.error));
  session.attach(fd, opened.value);
  if (fd !== '0') return;
  const input = new ExecInput(site, opened.value);
  session.attachInput(input);
  feed(input, request);
}

/** Input that is given ends by itself; a terminal's stays open, because its end would be a hang-up. */
function feed(input: ExecInput, request: IncusExecRequest): void {
  if (request.stdin === 'open' || (request.terminal && request.stdin === undefined)) return;
  if (request.stdin) void input.write(request.stdin);
  void input.end();
}
