import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CutProxy, startCutProxy } from './cut-proxy.js';
import type { HostUnderTest } from './host-under-test.js';

/** The host behind a proxy that can break its connections; `directory` gets a known_hosts file for the proxy's port. */
export async function proxied(
  host: HostUnderTest,
  directory: string,
): Promise<{ readonly proxy: CutProxy; readonly host: HostUnderTest } & AsyncDisposable> {
  const proxy = await startCutProxy(host.port);
  const knownHostsFile = join(directory, `known_hosts_${proxy.port}`);
  const known = await readFile(host.knownHostsFile, 'utf8');
  await writeFile(knownHostsFile, known.replace(`:${host.port} `, `:${proxy.port} `));
  return {
    proxy,
    host: { ...host, port: proxy.port, knownHostsFile },
    [Symbol.asyncDispose]: () => proxy.close(),
  };
}
