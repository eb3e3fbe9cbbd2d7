import { err, ok, type Result } from 'neverthrow';
import { buildGuestRequest } from '../../domain/job/guest-request.js';
import type { JobFault } from '../faults/job-fault.js';
import { localFilesFault } from '../faults/port-faults.js';
import { GuestLog } from '../log/guest-log.js';
import type { Machine } from '../machine/machine-backend.js';
import { awaitStep, type StepEnd } from '../step/await-step.js';
import type { OnAbort } from '../step/on-abort.js';
import type { FollowStream, GuestFault } from '../supervisor/guest.js';
import { templateFault } from './template-fault.js';
import type { TemplateParts } from './template-parts.js';
import type { TemplateCall, TemplateRequest } from './template-request.js';

/** Between TERM and KILL. */
export const SETUP_GRACE_SECS = 10;

interface Following {
  readonly machine: Machine;
  readonly request: Pick<TemplateRequest, 'node'>;
  readonly call: TemplateCall;
  /** Values to mask. */
  readonly secrets: readonly string[];
  readonly first?: FollowStream;
  readonly restart?: () => Promise<Result<FollowStream, GuestFault>>;
  /** Fires when the machine is somebody else's. */
  readonly superseded: AbortSignal;
  readonly onAbort: OnAbort;
}

/** Follows a setup to its end, into a log that is begun anew: of several attempts the last one is kept. */
export async function followSetup(
  { ports, settings }: Pick<TemplateParts, 'ports' | 'settings'>,
  { machine, request: { node }, call, secrets, first, restart, superseded, onAbort }: Following,
): Promise<Result<StepEnd, JobFault>> {
  const { localFiles: files, clock } = ports;
  for (const path of [call.log.guestLog, call.log.guestLogPosition]) await files.remove(path);
  const opened = await GuestLog.open({
    files,
    clock,
    state: call.log,
    secrets,
    maxBytes: settings.maxLogBytes,
    isOurs: async () => true,
    onKept: (data) => call.onLog?.(data),
  });
  if (opened.isErr()) return err(localFilesFault(opened.error, null));
  await using log = opened.value;
  const ended = await awaitStep({
    guest: machine.supervisor,
    log,
    journal: { emit: () => {}, drained: async () => {} },
    clock,
    reconnectMs: settings.reconnectMs,
    boundMs: node.timeoutSecs * 1000 + SETUP_GRACE_SECS * 2000,
    graceSecs: SETUP_GRACE_SECS,
    first,
    restart,
    onAbort,
    signal: call.signal,
    superseded,
    names: { step: 'setup', attach: 'pikaci run' },
  });
  const kept = await log.finish();
  if (kept.isErr()) return err(localFilesFault(kept.error, null));
  return ended;
}

/** Runs the setup of a template in its machine; `Ok` when it has passed. */
export async function runSetup(
  parts: Pick<TemplateParts, 'ports' | 'settings'>,
  machine: Machine,
  request: TemplateRequest,
  call: TemplateCall & { readonly superseded: AbortSignal },
): Promise<Result<void, JobFault>> {
  const { node, secrets } = request;
  const { host } = parts.ports.incus;
  const fail = (how: string) => err(templateFault(host, `the setup of the template ${node.id} ${how}`));
  const command = buildGuestRequest({ ...node, command: node.setup, graceSecs: SETUP_GRACE_SECS });
  // Not the caller's signal: the signal of an exec ends it also when it has long begun.
  const start = () => machine.supervisor.start(command, secrets, { signal: new AbortController().signal });
  const first = await start();
  if (first.isErr() && first.error.kind !== 'connection_lost' && first.error.kind !== 'not_running')
    return fail(`could not be started: ${first.error.message}`);
  const ended = await followSetup(parts, {
    machine,
    request,
    call,
    secrets: Object.values(secrets),
    ...(first.isOk() ? { first: first.value } : {}),
    restart: start,
    superseded: call.superseded,
    onAbort: 'destroy',
  });
  if (ended.isErr()) return err(ended.error);
  const end = ended.value;
  if (end.kind === 'cancelled' || end.kind === 'detached') {
    const message = `cancelled while the template ${node.id} was made`;
    return err({ kind: 'cancelled', phase: null, host, message });
  }
  if (end.kind !== 'finished') return fail(`has no result: ${end.message}`);
  const { result } = end.status;
  if (result === null) return fail('has no result: the guest did not say how it ended');
  return result.status === 'passed' && result.exit_code === 0
    ? ok(undefined)
    : fail(`failed: ${result.message}`);
}
