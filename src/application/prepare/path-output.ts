import { err, ok, type Result } from 'neverthrow';
import type { PrepareConfig } from '../../domain/target/target-config.js';
import { storePathOf } from '../../domain/values/nix-store.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { addNixRoot } from '../nix/nix-root.js';
import type { MadeOutput, PrepareCall, PreparePorts } from './prepare-call.js';

export type PathConfig = Extract<PrepareConfig, { type: 'path' }>;

/** An output that is there. One in a Nix store gets a garbage-collection root of the run. */
export async function pathOutput(
  ports: PreparePorts,
  node: PathConfig,
  call: PrepareCall,
): Promise<Result<MadeOutput, JobFault>> {
  const { hostFiles } = ports;
  const { signal } = call;
  const stat = await hostFiles.stat(node.path, { signal });
  if (stat.isErr() && stat.error.kind !== 'not_found') return err(hostFilesFault(stat.error, null));
  if (stat.isErr() || stat.value.type !== 'directory') {
    const problem = stat.isErr() ? 'does not exist' : 'is not a directory';
    const message = `the prepared output ${node.id}: ${node.path} ${problem} on ${hostFiles.host}`;
    return err({ kind: 'prepare_failed', phase: null, host: hostFiles.host, message });
  }
  const path = await protectedPath(ports, node, call);
  return path.map((found) => ({
    installable: node.path,
    outputName: node.id,
    protocol: 'host_path_v1',
    residency: 'remote_authoritative',
    path: found,
    cached: true,
  }));
}

/** For a path that leads into a store, such as a profile, the place where it leads now: the link may be another's tomorrow. */
async function protectedPath(
  { shell, hostFiles }: PreparePorts,
  node: PathConfig,
  call: PrepareCall,
): Promise<Result<string, JobFault>> {
  if (!node.gcRoot) return ok(node.path);
  const real = await hostFiles.realpath(node.path, { signal: call.signal });
  if (real.isErr()) return err(hostFilesFault(real.error, null));
  const storePath = storePathOf(node.store, real.value);
  if (storePath === null) return ok(node.path);
  const link = await call.gcRoot();
  if (link.isErr()) return err(link.error);
  const { binary, flags, store } = node;
  const added = await addNixRoot(
    shell,
    { binary, flags, store, storePath, link: link.value },
    {
      purpose: `garbage-collection root of ${node.id} ("gcRoot": false does without)`,
      timeoutSecs: 300,
      signal: call.signal,
      onOutput: call.onOutput,
    },
  );
  return added.map(() => real.value);
}
