import { err, ok, type Result } from 'neverthrow';
import { z } from 'zod';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusExecRequest } from '../../../ports/incus-types.js';
import { parseValue } from '../answers/parse.js';
import { type CallSite, fault } from '../http/call-site.js';
import type { Wire, WireRequest } from '../wire/wire.js';

export type Fd = '0' | '1' | '2' | 'control';

export interface StartedExec {
  readonly operation: string;
  /** One secret for each socket; whoever has it may connect. */
  readonly fds: Readonly<Record<string, string>>;
}

/** A terminal is one socket both ways. */
export function fdsOf(request: IncusExecRequest): readonly Fd[] {
  return request.terminal ? ['0', 'control'] : ['0', '1', '2', 'control'];
}

const metadataSchema = z.object({ metadata: z.object({ fds: z.record(z.string(), z.string()) }) });

/** `POST …/exec`: the daemon answers at once and then waits 5 s for the sockets. */
export async function startExec(
  wire: Wire,
  call: WireRequest,
  request: IncusExecRequest,
): Promise<Result<StartedExec, IncusFault>> {
  const site = wire.siteOf(call);
  const called = await wire.call({ ...call, json: body(request) });
  if (called.isErr()) return err(called.error);
  const { accepted } = called.value;
  if (accepted.type !== 'async')
    return err(fault(site, 'unexpected_answer', 'type: no operation was started'));
  return parseValue(site, metadataSchema, accepted.metadata, 'metadata').andThen(({ metadata: { fds } }) =>
    allSecrets(site, fds, fdsOf(request)).map(() => ({ operation: accepted.operation, fds })),
  );
}

function body(request: IncusExecRequest): unknown {
  const { terminal } = request;
  return {
    command: request.command,
    'wait-for-websocket': true,
    interactive: terminal !== undefined,
    ...(terminal ? { width: terminal.columns, height: terminal.rows } : {}),
    ...(request.environment ? { environment: request.environment } : {}),
    ...(request.user === undefined ? {} : { user: request.user }),
    ...(request.group === undefined ? {} : { group: request.group }),
    ...(request.cwd === undefined ? {} : { cwd: request.cwd }),
  };
}

function allSecrets(
  site: CallSite,
  fds: Readonly<Record<string, string>>,
  wanted: readonly Fd[],
): Result<void, IncusFault> {
  const missing = wanted.find((fd) => !fds[fd]);
  return missing === undefined
    ? ok(undefined)
    : err(fault(site, 'unexpected_answer', `metadata.metadata.fds.${missing}: missing`));
}
