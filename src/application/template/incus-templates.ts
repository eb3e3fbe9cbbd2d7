import type { Result } from 'neverthrow';
import { awakeBound } from '../../streams/awake-timer.js';
import type { JobFault } from '../faults/job-fault.js';
import { resolveImage } from '../machine/incus/prepare-runtime.js';
import type { Machine } from '../machine/machine-backend.js';
import { IncusTemplateStore } from './incus-template-store.js';
import { makeTemplate } from './make-template.js';
import type { KeptTemplate, TemplateHome } from './template-home.js';
import type { MakerParts } from './template-parts.js';
import type { TemplateCall, TemplateRequest } from './template-request.js';

const IMAGE_BOUND_MS = 60_000;

/** Templates of Incus: instances that are stopped, of whose snapshot jobs are copies. */
export class IncusTemplates implements TemplateHome {
  readonly #parts: MakerParts;
  readonly #store: IncusTemplateStore;

  constructor(parts: MakerParts) {
    this.#parts = parts;
    this.#store = new IncusTemplateStore(parts);
  }

  find(key: string, signal: AbortSignal) {
    return this.#store.find(key, signal);
  }

  list(signal: AbortSignal) {
    return this.#store.list(signal);
  }

  use(template: KeptTemplate, signal: AbortSignal) {
    return this.#store.use(template, signal);
  }

  remove(template: KeptTemplate, signal: AbortSignal) {
    return this.#store.remove(template, signal);
  }

  image(alias: string, signal: AbortSignal) {
    const bound = AbortSignal.any([signal, awakeBound(IMAGE_BOUND_MS)]);
    const place = { incusProject: this.#parts.settings.incusProject, incusImageAlias: alias };
    return resolveImage(this.#parts.ports.incus, place, bound);
  }

  make(request: TemplateRequest, call: TemplateCall) {
    return makeTemplate(this.#parts, request, call);
  }

  discard(machine: Machine, signal: AbortSignal): Promise<Result<void, JobFault>> {
    return machine.remove(signal);
  }
}
