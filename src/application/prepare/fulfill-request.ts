import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import {
  type FulfilmentRequest,
  type FulfilmentResult,
  fulfilmentRequestSchema,
} from '../../domain/target/fulfilment.js';
import { NIX_STORE } from '../../domain/values/nix-store.js';
import { isWithin } from '../../domain/values/path-rules.js';
import type { FileStore } from '../../ports/file-store.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';
import { buildWithNix } from '../nix/build-with-nix.js';
import { readRecord } from '../records/read-record.js';
import { checkOutput } from './check-output.js';

export interface FulfillPorts {
  readonly shell: RemoteShell;
  readonly files: FileStore;
}

const NIX = {
  binary: 'nix',
  flags: ['--extra-experimental-features', 'nix-command flakes'],
  options: [],
  output: 'out',
  link: null,
  store: undefined,
};
const LINK_SECS = 60;
type Exposure = FulfilmentRequest['requested_exposures'][number];

/** Carries out a request on the machine that it is called on: builds the output where it has to, checks its manifest, and makes the links. */
export async function fulfillRequest(
  ports: FulfillPorts,
  requestPath: string,
  signal: AbortSignal,
): Promise<FulfilmentResult> {
  const read = await readRecord(ports.files, requestPath, fulfilmentRequestSchema, signal);
  if (read.isErr()) {
    const { error } = read;
    return failed(requestPath, error.kind === 'missing' ? `${requestPath} does not exist` : error.message);
  }
  const request = read.value;
  const names = { node_id: request.node_id, output_name: request.output_name };
  const realized = await realize(ports, request, signal);
  if (realized.isErr()) return { ...failed(requestPath, realized.error), ...names };
  const done: Exposure[] = [];
  for (const exposure of request.requested_exposures) {
    const linked = await link(ports, realized.value, exposure.path, signal);
    if (linked.isErr())
      return {
        ...result(requestPath, realized.value, done),
        ...names,
        status: 'failed',
        error: linked.error,
      };
    done.push(exposure);
  }
  return { ...result(requestPath, realized.value, done), ...names };
}

async function realize(
  { shell, files }: FulfillPorts,
  request: FulfilmentRequest,
  signal: AbortSignal,
): Promise<Result<string, string>> {
  const nix = request.protocol === 'nix_store_path_v1';
  let path = request.realized_path;
  if (path === null) {
    if (!nix) return err('realized_path is null, and only outputs of nix_store_path_v1 can be built here');
    const purpose = `nix build of ${request.node_id}`;
    const call = { purpose, timeoutSecs: 24 * 3600, signal };
    const built = await buildWithNix(shell, { ...NIX, installable: request.installable }, call);
    if (built.isErr()) return err(built.error.message);
    path = built.value;
  }
  if (nix && (path === NIX_STORE || !isWithin(NIX_STORE, path)))
    return err(`${path} is not in ${NIX_STORE}, as nix_store_path_v1 has it`);
  const manifest = await checkOutput(files, { name: request.node_id, path }, signal);
  return manifest.isErr() ? err(manifest.error.message) : ok(path);
}

/** Replaces what link is there, by one rename; anything else that is there is left alone. */
async function link(
  { shell, files }: FulfillPorts,
  target: string,
  path: string,
  signal: AbortSignal,
): Promise<Result<void, string>> {
  const there = await files.lstat(path, { signal });
  if (there.isOk() && there.value.type !== 'symlink') return err(`${path} is there, and is not a link`);
  const made = await files.makeDirectory(posix.dirname(path), { signal });
  if (made.isErr()) return err(made.error.message);
  const making = `${path}.making-${randomBytes(4).toString('hex')}`;
  const argv: [string, ...string[]] = ['ln', '-s', '--', target, making];
  const linked = await runCommand(
    shell,
    { argv },
    { purpose: `link ${path}`, timeoutSecs: LINK_SECS, signal },
  );
  if (linked.isErr()) return err(linked.error.message);
  const renamed = await files.rename(making, path, { signal });
  if (renamed.isOk()) return ok(undefined);
  await files.remove(making);
  return err(renamed.error.message);
}

function result(requestPath: string, path: string | null, done: readonly Exposure[]): FulfilmentResult {
  return {
    schema_version: 1,
    request_path: requestPath,
    node_id: null,
    output_name: null,
    realized_path: path,
    status: 'succeeded',
    fulfilled_exposures_count: done.length,
    fulfilled_exposures: [...done],
    error: null,
  };
}

function failed(requestPath: string, error: string): FulfilmentResult {
  return { ...result(requestPath, null, []), status: 'failed', error };
}
