import { RENEW_USE_MS } from '../../domain/target/retention.js';
import { awakeBound } from '../../streams/awake-timer.js';
import type { TemplateStore } from './template-home.js';
import type { TemplateParts } from './template-parts.js';

interface HoldParts {
  readonly ports: Pick<TemplateParts['ports'], 'clock'>;
  readonly home: Pick<TemplateStore, 'find' | 'use'>;
}

/** Keeps templates in use for as long as a run goes on, so that nobody evicts them before its last job. A renewal that fails is tried again with the next. */
export class TemplateHold implements AsyncDisposable {
  readonly #parts: HoldParts;
  readonly #keys = new Set<string>();
  readonly #stop = new AbortController();
  #renewing: Promise<void> | null = null;

  constructor(parts: HoldParts) {
    this.#parts = parts;
  }

  keep(key: string): void {
    this.#keys.add(key);
    this.#renewing ??= this.#renew();
  }

  async #renew(): Promise<void> {
    const { signal } = this.#stop;
    const { home } = this.#parts;
    while ((await this.#parts.ports.clock.sleep(RENEW_USE_MS, signal)) === 'elapsed') {
      const bound = AbortSignal.any([signal, awakeBound(RENEW_USE_MS)]);
      for (const key of this.#keys) {
        const found = await home.find(key, bound);
        if (found.isOk() && found.value.kind === 'ready') await home.use(found.value.template, bound);
      }
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#renewing;
  }
}
