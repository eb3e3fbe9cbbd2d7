import { ok, type Result } from 'neverthrow';
import { type Lease, leaseHasEnded } from '../../domain/machine/lease.js';
import { templatePlace } from '../../domain/machine/template-place.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { newReaper } from '../lease/owner.js';
import type { Machine } from '../machine/machine-backend.js';
import { followSetup } from './run-setup.js';
import { CLAIM_MS, REMOVE_BOUND_MS } from './template-bounds.js';
import type { TemplateHome } from './template-home.js';
import type { TemplateParts } from './template-parts.js';
import type { TemplateCall, TemplateRequest } from './template-request.js';

const ASK_BOUND_MS = 30_000;

/** The machine in which somebody makes a template, or has begun to. */
export function makersMachine(
  { backends }: { readonly backends: Pick<TemplateParts['backends'], 'machine'> },
  key: string,
  { acquisition }: Lease,
): Machine {
  return backends.machine({ ...templatePlace(key), acquisition });
}

/**
 * Follows what another runner's setup says, until it ends or cannot be followed: what became of it, its instance says. Nothing is
 * followed before all that has to be masked is known.
 */
export async function followMaker(
  parts: Pick<TemplateParts, 'ports' | 'settings'>,
  machine: Machine,
  request: TemplateRequest,
  call: TemplateCall,
): Promise<'followed' | 'not_yet'> {
  const signal = AbortSignal.any([call.signal, awakeBound(ASK_BOUND_MS)]);
  const status = await machine.supervisor.status({ signal });
  if (status.isErr() || status.value.state !== 'running') return 'not_yet';
  const told = await machine.supervisor.secrets({ signal });
  const names = Object.keys(request.node.secrets);
  if (told.isErr() || names.some((name) => told.value[name] === undefined)) return 'not_yet';
  await followSetup(parts, {
    machine,
    request,
    call,
    secrets: Object.values(told.value),
    superseded: new AbortController().signal,
    onAbort: 'detach',
  });
  return 'followed';
}

/** Removes what a maker has left that is gone: its lease has ended. It is claimed first; of two who do it one does, and an owner who renews wins. */
export async function removeAbandoned(
  { hostTime, home }: Pick<TemplateParts, 'hostTime'> & { readonly home: Pick<TemplateHome, 'discard'> },
  machine: Machine,
): Promise<Result<void, JobFault>> {
  const signal = awakeBound(REMOVE_BOUND_MS);
  const found = await machine.lease.read(signal);
  if (found.isErr()) return ok(undefined);
  const { lease, version } = found.value;
  if (lease === null || !leaseHasEnded(lease, hostTime.now())) return ok(undefined);
  const claim = { ...lease, owner: newReaper(), expiresAtMs: hostTime.now() + CLAIM_MS };
  const claimed = await machine.lease.write(claim, version, signal);
  return claimed.isErr() ? ok(undefined) : await home.discard(machine, signal);
}
