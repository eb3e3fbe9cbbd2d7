import type { Result } from 'neverthrow';
import type { IncusImageIdentity } from '../../domain/job/job-outcome.js';
import type { Lease } from '../../domain/machine/lease.js';
import type { TemplateMark } from '../../domain/machine/template-mark.js';
import type { JobFault } from '../faults/job-fault.js';
import type { Machine } from '../machine/machine-backend.js';
import type { TemplateCall, TemplateRequest } from './template-request.js';

/** A made template, as it was read. */
export interface KeptTemplate {
  /** What it is on the host: an instance, or a layer of microVMs. */
  readonly instance: string;
  readonly mark: TemplateMark;
  /** What is compared before it is changed. */
  readonly etag: string;
  /** Machines of a pool wait that are copies of it. Said by `list` only. */
  readonly isOfPool?: boolean;
  /** Machines have it below their own disk, and need it for as long as they are there. Said by `list` only. */
  readonly isMounted?: boolean;
}

/** What there is under the name of a template. `foreign`: an instance that is neither a template of this key nor one that is being made. */
export type FoundTemplate =
  | { readonly kind: 'absent' }
  | { readonly kind: 'ready'; readonly template: KeptTemplate }
  | { readonly kind: 'making'; readonly lease: Lease }
  | { readonly kind: 'foreign'; readonly instance: string };

/** The templates of a host. Each change is compared with what was read: of two that change one, one learns it. */
export interface TemplateStore {
  find(key: string, signal: AbortSignal): Promise<Result<FoundTemplate, JobFault>>;
  /** All that are made, the one that was used last at the front. */
  list(signal: AbortSignal): Promise<Result<readonly KeptTemplate[], JobFault>>;
  /** Says that it is used now; `changed` when it is not what was read any more. */
  use(template: KeptTemplate, signal: AbortSignal): Promise<Result<'used' | 'changed', JobFault>>;
  /** Removes it, unless somebody has used it since it was read. */
  remove(template: KeptTemplate, signal: AbortSignal): Promise<Result<'removed' | 'changed', JobFault>>;
}

/** Where templates are made and kept: one for each kind of machine. */
export interface TemplateHome extends TemplateStore {
  /** What a template stands on that is made from no other: what `from` names. */
  image(from: string, signal: AbortSignal): Promise<Result<IncusImageIdentity, JobFault>>;
  /**
   * Makes one in a machine of its own. Of several who make one of the same key at once, one does, and the others are told `taken`. What a
   * failed attempt has made is removed; what a killed one leaves has a lease that ends.
   */
  make(request: TemplateRequest, call: TemplateCall): Promise<Result<'made' | 'taken', JobFault>>;
  /** Removes what a maker has left that is gone; its lease has been claimed. */
  discard(machine: Machine, signal: AbortSignal): Promise<Result<void, JobFault>>;
}
