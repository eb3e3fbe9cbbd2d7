import { err, ok, type Result } from 'neverthrow';
import { newLeaseConfig, readLease } from '../../domain/machine/lease.js';
import { readTemplateMark, TEMPLATE_KEY, templateUse } from '../../domain/machine/template-mark.js';
import { templateInstanceName, templatePlace } from '../../domain/machine/template-place.js';
import { readPool, readPoolTemplate } from '../../domain/machine/warm-mark.js';
import type { IncusInstance, Tagged } from '../../ports/incus-types.js';
import type { JobFault } from '../faults/job-fault.js';
import { newReaper } from '../lease/owner.js';
import { removeInstance } from '../machine/incus/remove-instance.js';
import { CLAIM_MS } from './template-bounds.js';
import { whileAtTemplate } from './template-fault.js';
import type { FoundTemplate, KeptTemplate, TemplateStore } from './template-home.js';
import type { TemplateParts } from './template-parts.js';

interface StoreParts extends Pick<TemplateParts, 'ports' | 'hostTime'> {
  readonly settings: Pick<TemplateParts['settings'], 'incusProject'>;
}

/** The templates of a project, as their instances say. */
export class IncusTemplateStore implements TemplateStore {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  async find(key: string, signal: AbortSignal): Promise<Result<FoundTemplate, JobFault>> {
    const name = templateInstanceName(key);
    const found = await this.#incus.instance(this.#project, name, { signal });
    if (found.isOk()) return ok(foundAs(found.value, key));
    if (found.error.kind === 'not_found') return ok({ kind: 'absent' });
    return err(whileAtTemplate(found.error, `look for the template ${name}`));
  }

  async list(signal: AbortSignal): Promise<Result<readonly KeptTemplate[], JobFault>> {
    const listed = await this.#incus.instances(this.#project, { signal });
    if (listed.isErr()) return err(whileAtTemplate(listed.error, 'list the templates'));
    const ofPools = new Set(
      listed.value.flatMap(({ config }) =>
        readPool(config) === null ? [] : (readPoolTemplate(config) ?? []),
      ),
    );
    const kept = listed.value.flatMap((value) => {
      const found = foundAs({ value, etag: '' }, readTemplateMark(value.config)?.key ?? '');
      return found.kind === 'ready' ? [{ ...found.template, isOfPool: ofPools.has(value.name) }] : [];
    });
    return ok([...kept].sort((one, other) => other.mark.lastUsedMs - one.mark.lastUsedMs));
  }

  async use(
    { instance, etag }: KeptTemplate,
    signal: AbortSignal,
  ): Promise<Result<'used' | 'changed', JobFault>> {
    const config = templateUse(this.#parts.hostTime.now());
    const used = await this.#incus.patchInstance(this.#project, instance, config, { etag, signal });
    if (used.isOk()) return ok('used');
    const { kind } = used.error;
    if (kind === 'stale' || kind === 'not_found') return ok('changed');
    return err(whileAtTemplate(used.error, `use the template ${instance}`));
  }

  /** What breaks off is without a mark, and a reaper's. */
  async remove(
    { instance, mark, etag }: KeptTemplate,
    signal: AbortSignal,
  ): Promise<Result<'removed' | 'changed', JobFault>> {
    const acquisition = null;
    const expiresAtMs = this.#parts.hostTime.now() + CLAIM_MS;
    const lease = newLeaseConfig({
      ...templatePlace(mark.key),
      acquisition,
      owner: newReaper(),
      expiresAtMs,
    });
    const config = { ...lease, [TEMPLATE_KEY]: null };
    const claimed = await this.#incus.patchInstance(this.#project, instance, config, { etag, signal });
    if (claimed.isErr()) {
      const { kind } = claimed.error;
      if (kind === 'stale' || kind === 'not_found') return ok('changed');
      return err(whileAtTemplate(claimed.error, `remove the template ${instance}`));
    }
    const owned = { project: this.#project, name: instance, acquisition };
    const removed = await removeInstance(this.#parts.ports, owned, signal);
    return removed
      .map(() => 'removed' as const)
      .mapErr((fault) => whileAtTemplate(fault, `remove the template ${instance}`));
  }

  get #incus() {
    return this.#parts.ports.incus;
  }

  get #project() {
    return this.#parts.settings.incusProject;
  }
}

function foundAs({ value, etag }: Tagged<IncusInstance>, key: string): FoundTemplate {
  const lease = readLease(value.config);
  const mark = readTemplateMark(value.config);
  if (lease === null && mark !== null && mark.key === key && key !== '')
    return { kind: 'ready', template: { instance: value.name, mark, etag } };
  const { runId, jobId } = templatePlace(key);
  if (lease !== null && lease.runId === runId && lease.jobId === jobId) return { kind: 'making', lease };
  return { kind: 'foreign', instance: value.name };
}
