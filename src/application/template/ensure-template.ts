import { err, ok, type Result } from 'neverthrow';
import { leaseHasEnded } from '../../domain/machine/lease.js';
import type { JobFault } from '../faults/job-fault.js';
import { templateFault } from './template-fault.js';
import type { KeptTemplate } from './template-home.js';
import type { TemplateParts } from './template-parts.js';
import type { TemplateCall, TemplateRequest } from './template-request.js';
import { followMaker, makersMachine, removeAbandoned } from './watch-maker.js';

const PAUSE_MS = 500;
/** On top of a setup's own time: the machine's start and stop, and the lease of a maker that is gone. */
const MARGIN_MS = 15 * 60_000;

/** A template that is there, and whether somebody had made it before. */
export interface EnsuredTemplate {
  readonly template: KeptTemplate;
  readonly cached: boolean;
}

/**
 * Finds a template, or makes it, or waits for whoever makes it. Of those who need the same one at once the one who creates its instance
 * makes it; the others follow its log, and go on themselves when it fails or is gone. Bounded, and ended by the signal.
 */
export async function ensureTemplate(
  parts: TemplateParts,
  request: TemplateRequest,
  call: TemplateCall,
): Promise<Result<EnsuredTemplate, JobFault>> {
  const { clock, incus } = parts.ports;
  const { home } = parts;
  const { node, key } = request;
  const until = clock.monotonic() + node.timeoutSecs * 1000 + MARGIN_MS;
  let cached = true;
  let isFollowed = false;
  const learnt = await parts.hostTime.learn(call.signal);
  if (learnt.isErr()) return err(learnt.error);
  while (!call.signal.aborted) {
    if (clock.monotonic() > until) {
      const message = `the template ${node.id} was not made in time by whoever makes it; "pikaci gc --remote" removes what a killed runner has left`;
      return err(templateFault(incus.host, message));
    }
    const found = await home.find(key, call.signal);
    if (found.isErr()) return err(found.error);
    if (found.value.kind === 'ready') {
      const { template } = found.value;
      const used = await home.use(template, call.signal);
      if (used.isErr()) return err(used.error);
      if (used.value === 'used') return ok({ template, cached });
      continue;
    }
    if (found.value.kind === 'foreign') {
      const message = `the template ${node.id} cannot be made: the instance ${found.value.instance} has its name, and is another; remove it`;
      return err(templateFault(incus.host, message));
    }
    if (found.value.kind === 'absent') {
      if (parts.settings.trust === 'untrusted') return err(notForUntrusted(node.id, incus.host));
      const made = await home.make(request, call);
      if (made.isErr()) return err(made.error);
      if (made.value === 'made') cached = false;
      continue;
    }
    const { lease } = found.value;
    const machine = makersMachine(parts, key, lease);
    if (leaseHasEnded(lease, parts.hostTime.now())) {
      const removed = await removeAbandoned(parts, machine);
      if (removed.isErr()) return err(removed.error);
      isFollowed = false;
    } else if (!isFollowed) {
      isFollowed = (await followMaker(parts, machine, request, call)) === 'followed';
    }
    await clock.sleep(PAUSE_MS, call.signal);
    await parts.hostTime.learn(call.signal);
  }
  const message = `cancelled while the template ${node.id} was waited for`;
  return err({ kind: 'cancelled', phase: null, host: incus.host, message });
}

function notForUntrusted(id: string, host: string): JobFault {
  const message = `the template "${id}" is not there as this workspace asks for it, and a run that is not trusted makes none: let a trusted run make it first`;
  return { kind: 'not_trusted', phase: null, host, message, field: `templates.${id}` };
}
