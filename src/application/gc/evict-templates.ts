import type { RemoteLinuxVmBackend } from '../../domain/machine/remote-linux-vm-context.js';
import { chooseEvictions, type KeptEntry, type RetentionBounds } from '../../domain/target/retention.js';
import type { KeptTemplate, TemplateStore } from '../template/template-home.js';
import { removeLeftImages } from '../template/template-images.js';
import type { TemplateParts } from '../template/template-parts.js';
import type { EvictOptions } from './evict.js';
import type { EvictionReport } from './eviction-report.js';

export interface EvictTemplatesParts extends Pick<TemplateParts, 'ports' | 'hostTime'> {
  readonly settings: Pick<TemplateParts['settings'], 'incusProject'>;
  readonly home: TemplateStore;
}

type Found = KeptEntry & { readonly template: KeptTemplate };

export interface EvictTemplatesSettings {
  readonly backend: RemoteLinuxVmBackend;
  readonly retention: RetentionBounds;
}

/**
 * Removes templates that nobody has used for too long. One that somebody uses in that moment stays: it is changed as it was read,
 * or not at all. What was made from it stays, too. Their bytes are not counted, as copies share them.
 */
export class EvictTemplates {
  readonly #parts: EvictTemplatesParts;
  readonly #settings: EvictTemplatesSettings;

  constructor(parts: EvictTemplatesParts, settings: EvictTemplatesSettings) {
    this.#parts = parts;
    this.#settings = settings;
  }

  /** The host's time must have been learnt before. */
  async evict({ bounds, dryRun, signal }: EvictOptions): Promise<EvictionReport> {
    const store = this.#parts.home;
    const listed = await store.list(signal);
    if (listed.isErr()) return report([], 0, [{ path: 'templates', message: listed.error.message }]);
    const entries = listed.value.map((template): Found => {
      const { instance: path, mark, isOfPool = false, isMounted = false } = template;
      const mounted = isOfPool || isMounted;
      return { kind: 'template', path, bytes: 0, lastUsedMs: mark.lastUsedMs, mounted, template };
    });
    const kept = { ...this.#settings.retention, ...bounds, keepBytes: null };
    const evicted: Found[] = [];
    const failed: { path: string; message: string }[] = [];
    for (const entry of chooseEvictions(entries, kept, this.#parts.hostTime.now())) {
      const removed = dryRun ? null : await this.#remove(store, entry, signal);
      if (removed === null || removed === 'removed') evicted.push(entry);
      else if (removed !== 'changed') failed.push({ path: entry.path, message: removed.message });
    }
    return report(evicted, entries.length - evicted.length, failed);
  }

  /** What killed exports and imports have left. */
  leftImages(call: { readonly dryRun: boolean; readonly signal: AbortSignal }): Promise<readonly string[]> {
    return this.#settings.backend === 'incus' ? removeLeftImages(this.#parts, call) : Promise.resolve([]);
  }

  async #remove(
    store: TemplateStore,
    { template: { mark } }: Found,
    signal: AbortSignal,
  ): Promise<'removed' | 'changed' | { readonly message: string }> {
    // Read again: the list has no version to compare with.
    const found = await store.find(mark.key, signal);
    if (found.isErr()) return found.error;
    if (found.value.kind !== 'ready' || found.value.template.mark.lastUsedMs !== mark.lastUsedMs)
      return 'changed';
    const removed = await store.remove(found.value.template, signal);
    return removed.isErr() ? removed.error : removed.value;
  }
}

function report(evicted: readonly Found[], kept: number, failed: EvictionReport['failed']): EvictionReport {
  const plain = evicted.map(({ template: _, ...entry }): KeptEntry => entry);
  return { evicted: plain, kept: { entries: kept, bytes: 0 }, failed };
}

/** Both reports as one. */
export function bothReports(one: EvictionReport, other: EvictionReport): EvictionReport {
  return {
    evicted: [...one.evicted, ...other.evicted],
    kept: {
      entries: one.kept.entries + other.kept.entries,
      bytes: one.kept.bytes + other.kept.bytes,
    },
    failed: [...one.failed, ...other.failed],
  };
}
