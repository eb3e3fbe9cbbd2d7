import type { Pikaci } from '../../../../application/api/pikaci.js';
import type { HostsView } from '../../../../application/hosts/hosts-view.js';
import type { HostsDocument } from '../../../../domain/records/host-documents.js';
import { type CliContext, complainOfBug } from '../../session/cli-context.js';

/** What was seen so long ago is looked at anew. */
const FRESH_MS = 4_000;
/** A page waits so long for what is being looked at; then it shows what was seen before. */
const PAGE_WAITS_MS = 2_000;

/** One look at a time, however many ask. */
export class HostsLook implements HostsView, AsyncDisposable {
  readonly #context: CliContext;
  readonly #pikaci: Pick<Pikaci, 'lookAtHosts'>;
  readonly #ended = new AbortController();
  #last: { readonly document: HostsDocument; readonly atMs: number } | null = null;
  #looking: Promise<void> | null = null;

  constructor(context: CliContext, pikaci: Pick<Pikaci, 'lookAtHosts'>) {
    this.#context = context;
    this.#pikaci = pikaci;
  }

  async seen(): Promise<HostsDocument | null> {
    const { clock } = this.#context.input;
    if (this.#last !== null && clock.monotonic() - this.#last.atMs < FRESH_MS) return this.#last.document;
    this.#looking ??= this.#look()
      .catch((error: unknown) => complainOfBug(this.#context, error))
      .finally(() => {
        this.#looking = null;
      });
    const enough = new AbortController();
    await Promise.race([this.#looking, clock.bound(PAGE_WAITS_MS, enough.signal)]);
    enough.abort();
    return this.#last?.document ?? null;
  }

  async #look(): Promise<void> {
    const { signal } = this.#ended;
    const document = await this.#pikaci.lookAtHosts({ signal });
    if (!signal.aborted) this.#last = { document, atMs: this.#context.input.clock.monotonic() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort();
    await this.#looking;
  }
}
