import type { HostsView } from '../../../../application/hosts/hosts-view.js';
import type { HostsDocument } from '../../../../domain/records/host-documents.js';
import { type CliContext, complain, complainOfBug } from '../../session/cli-context.js';
import type { StateOptions } from '../state-root.js';
import { loadOrComplain } from '../with-pikaci.js';

/** What was seen so long ago is looked at anew. */
const FRESH_MS = 4_000;
/** A page waits so long for what is being looked at; then it shows what was seen before. */
const PAGE_WAITS_MS = 2_000;

export interface OpenHosts extends AsyncDisposable {
  readonly stateRoot: string;
  readonly hosts: HostsView;
}

/** What `pikaci serve --hosts` looks at hosts with: one look at a time, however many ask. The problems of its configuration are told. */
export async function openHosts(context: CliContext, options: StateOptions): Promise<OpenHosts | 'refused'> {
  const loaded = await loadOrComplain(context, options);
  if (loaded === null) return 'refused';
  const { config, baseDir, workspace } = loaded;
  const { clock, env } = context.input;
  const created = context.input.createPikaci(config, { baseDir, workspace, env });
  if (created.isErr()) {
    complain(context, created.error.message);
    return 'refused';
  }
  const pikaci = created.value;
  const ended = new AbortController();
  let last: { readonly document: HostsDocument; readonly atMs: number } | null = null;
  let looking: Promise<void> | null = null;
  const look = async () => {
    const document = await pikaci.lookAtHosts({ signal: ended.signal });
    if (!ended.signal.aborted) last = { document, atMs: clock.monotonic() };
  };
  const seen = async () => {
    if (last !== null && clock.monotonic() - last.atMs < FRESH_MS) return last.document;
    looking ??= look()
      .catch((error: unknown) => complainOfBug(context, error))
      .finally(() => {
        looking = null;
      });
    const enough = new AbortController();
    await Promise.race([looking, clock.bound(PAGE_WAITS_MS, enough.signal)]);
    enough.abort();
    return last?.document ?? null;
  };
  return {
    stateRoot: config.stateRoot,
    hosts: { seen },
    [Symbol.asyncDispose]: async () => {
      ended.abort();
      await looking;
      await pikaci.close();
    },
  };
}
