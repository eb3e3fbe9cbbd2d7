import { err, ok, type Result } from 'neverthrow';
import type { TemplateNode } from '../../domain/target/plan.js';
import { type TemplateParent, templateKey } from '../../domain/target/template-key.js';
import type { ScanFault, WorkspaceSnapshot } from '../../ports/workspace-scanner.js';
import type { JobFault } from '../faults/job-fault.js';
import type { MachineBaseSource } from '../machine/machine-spec.js';
import { type TemplateInputs, templateInputs } from './stage-inputs.js';
import type { TemplateParts } from './template-parts.js';

/** A template that jobs, or other templates, may be copies of. */
export interface UsableTemplate {
  readonly key: string;
  /** The instance on the host. */
  readonly instance: string;
  readonly base: MachineBaseSource;
}

export interface NeedAsk {
  readonly node: TemplateNode;
  /** Those of the plan that stand before it, by their names. */
  readonly templates: ReadonlyMap<string, UsableTemplate>;
  readonly scan: () => Promise<Result<WorkspaceSnapshot, ScanFault>>;
  readonly signal: AbortSignal;
}

/** What a template is made from, all of it known, and the key that follows. */
export interface TemplateNeed {
  readonly key: string;
  readonly parent: TemplateParent;
  readonly base: MachineBaseSource;
  readonly inputs: TemplateInputs | null;
}

/** Finds out what a template is to be made from: the image or the parent, and the content of its inputs. Makes nothing. */
export async function templateNeed(
  parts: Pick<TemplateParts, 'ports' | 'home'>,
  { node, templates, scan, signal }: NeedAsk,
): Promise<Result<TemplateNeed, JobFault>> {
  const known = templates.get(node.from);
  const base: Result<MachineBaseSource, JobFault> =
    known === undefined ? await image(parts.home, node.from, signal) : ok(known.base);
  if (base.isErr()) return err(base.error);
  const inputs = await templateInputs(scan, node, parts.ports.incus.host);
  if (inputs.isErr()) return err(inputs.error);
  const parent: TemplateParent =
    known === undefined ? { fingerprint: base.value.image.fingerprint } : { key: known.key };
  const key = templateKey({ parent, config: node, inputsHash: inputs.value?.hash ?? null });
  return ok({ key, parent, base: base.value, inputs: inputs.value });
}

async function image(
  home: TemplateParts['home'],
  from: string,
  signal: AbortSignal,
): Promise<Result<MachineBaseSource, JobFault>> {
  const found = await home.image(from, signal);
  return found.map((identity) => ({ image: identity }));
}
