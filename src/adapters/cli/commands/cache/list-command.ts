import type { ListedCache } from '../../../../application/gc/host-caches.js';
import type { CacheDocument, CacheListDocument } from '../../../../domain/records/cache-documents.js';
import { inColumns } from '../../output/columns.js';
import { formatBytes } from '../../output/quantities.js';
import { SHORT_KEY } from '../../output/template-lines.js';
import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault, onHost } from '../machine/machine-session.js';
import { printJson } from '../state-root.js';
import type { HostOptions } from '../with-pikaci.js';

export interface CacheListOptions extends HostOptions {
  readonly output: 'human' | 'json' | 'jsonl';
  readonly json?: boolean;
}

/** `pikaci cache list`: the caches on the host, whoever made them. */
export async function cacheListCommand(context: CliContext, options: CacheListOptions): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const listed = await pikaci.listCaches({ signal: context.interrupts.signal });
    if (listed.isErr()) return complainOfFault(context, listed.error);
    const documents = listed.value.map(documentOf);
    const output = options.json === true ? 'json' : options.output;
    if (output === 'human') context.stdout.write(table(listed.value));
    else if (output === 'json') {
      const all = { type: 'cache_list', schema_version: 1, host: pikaci.host, caches: documents } as const;
      printJson(context, all satisfies CacheListDocument);
    } else for (const document of documents) context.stdout.write(`${JSON.stringify(document)}\n`);
    return EXIT.passed;
  });
}

function documentOf({ id, key, scope, path, bytes, madeAt, lastUsedAt, inUse }: ListedCache): CacheDocument {
  return {
    type: 'cache',
    schema_version: 1,
    id,
    key,
    scope,
    path,
    bytes,
    made_at: madeAt,
    last_used_at: lastUsedAt,
    in_use: inUse,
  };
}

function table(caches: readonly ListedCache[]): string {
  if (caches.length === 0) return 'the host has no caches\n';
  const rows = caches.map(({ id, key, scope, path, bytes, madeAt, lastUsedAt, inUse }) => [
    id.slice(0, SHORT_KEY),
    key,
    scope,
    path,
    formatBytes(bytes),
    madeAt,
    lastUsedAt,
    inUse ? 'yes' : 'no',
  ]);
  return `${inColumns([['ID', 'KEY', 'SCOPE', 'PATH', 'SIZE', 'MADE', 'LAST USED', 'IN USE'], ...rows]).join('\n')}\n`;
}
