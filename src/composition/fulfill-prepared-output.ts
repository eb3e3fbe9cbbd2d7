import { resolve } from 'node:path';
import { LocalShell } from '../adapters/local/shell.js';
import { NodeFileStore } from '../adapters/node/node-file-store.js';
import { fulfillRequest } from '../application/prepare/fulfill-request.js';
import type { FulfilmentResult } from '../domain/target/fulfilment.js';

/** Carries out a fulfilment request on this machine. The answer says what became of it; nothing is thrown. */
export async function fulfillPreparedOutputRequest(
  requestPath: string,
  options: { readonly signal?: AbortSignal; readonly resultPath?: string } = {},
): Promise<FulfilmentResult> {
  await using shell = new LocalShell();
  const files = new NodeFileStore();
  const signal = options.signal ?? new AbortController().signal;
  const done = await fulfillRequest({ shell, files }, resolve(requestPath), signal);
  if (options.resultPath === undefined) return done;
  const bytes = Buffer.from(`${JSON.stringify(done, null, 2)}\n`);
  const written = await files.writeFile(resolve(options.resultPath), bytes);
  if (written.isOk()) return done;
  return { ...done, status: 'failed', error: `${options.resultPath}: ${written.error.message}` };
}
