import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { preparedHomeDir } from '../../domain/machine/remote-layout.js';
import type { PrepareConfig } from '../../domain/target/target-config.js';
import { sha256Hex } from '../../domain/values/content-hash.js';
import { runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { checkOutput } from './check-output.js';
import { inputsHash } from './inputs-hash.js';
import type { MadeOutput, PrepareCall, PreparePorts } from './prepare-call.js';
import { PREPARED_MARKER, preparedMarkerSchema } from './prepared-marker.js';

export type CommandConfig = Extract<PrepareConfig, { type: 'command' }>;

/**
 * Runs a command on the host that fills a directory, and keeps what it made under the hash of what it was made from:
 * `<workDir>/prepared/<key>/output`. The command works in a directory of another name, so its output must not hold its own path.
 */
export async function commandOutput(
  ports: PreparePorts,
  node: CommandConfig,
  call: PrepareCall,
): Promise<Result<MadeOutput, JobFault>> {
  const staged = await call.staged();
  if (staged.isErr()) return err(staged.error);
  const { snapshot, snapshotDir } = staged.value;
  const inputs = await inputsHash(ports.localFiles, snapshot, node, {
    signal: call.signal,
    host: ports.shell.host,
  });
  if (inputs.isErr()) return err(inputs.error);
  const needs = [...call.needs].map(([id, { realized_path: path }]) => [id, path] as const);
  const env = Object.entries(node.env).sort(([a], [b]) => (a < b ? -1 : 1));
  const key = sha256Hex(JSON.stringify([1, node.command, env, inputs.value, needs]));
  const home = preparedHomeDir(call.workDir, key);
  const made = (cached: boolean): MadeOutput => ({
    installable: node.command,
    outputName: node.id,
    protocol: 'host_path_v1',
    residency: 'remote_authoritative',
    path: `${home}/output`,
    cached,
  });
  // Held before it is looked at, so that nobody evicts it in between.
  const held = await call.hold(home);
  if (held.isErr()) return err(held.error);
  if (held.value === 'held' && (await isKept(ports, home, key, call.signal))) return ok(made(true));

  const building = `${call.workDir}/prepared/.building-${randomBytes(8).toString('hex')}`;
  const environment = {
    ...Object.fromEntries(needs.map(([id, path]) => [`PIKACI_PREPARED_${variableOf(id)}`, path])),
    ...node.env,
    PIKACI_WORKSPACE: snapshotDir,
    PIKACI_OUTPUT: `${building}/output`,
  };
  const filled = await fill(ports, { node, call, building, environment });
  const kept = filled.isErr() ? err(filled.error) : await keep(ports, { building, home, key, call });
  if (kept.isErr()) {
    // Not the caller's signal, which may be what ended it; the file store has bounds of its own.
    await ports.hostFiles.remove(building, { recursive: true });
    return err(kept.error);
  }
  const fresh = await call.hold(home);
  return fresh.map(() => made(false));
}

interface Filling {
  readonly node: CommandConfig;
  readonly call: PrepareCall;
  readonly building: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function fill(
  { shell, hostFiles }: PreparePorts,
  { node, call, building, environment }: Filling,
): Promise<Result<void, JobFault>> {
  const { signal, onOutput } = call;
  const [scratch, output] = [`${building}/scratch`, `${building}/output`];
  for (const directory of [scratch, output]) {
    const made = await hostFiles.makeDirectory(directory, { signal });
    if (made.isErr()) return err(hostFilesFault(made.error, null));
  }
  const ran = await runCommand(
    shell,
    { argv: ['/bin/sh', '-c', node.command], cwd: scratch, env: environment },
    {
      purpose: `the command of ${node.id}`,
      timeoutSecs: node.timeoutSecs,
      signal,
      onOutput,
      keepStdout: false,
    },
  );
  if (ran.isErr()) return err(ran.error);
  // A machine's user is nobody that the host knows: what is private here (umask 077, npm's cache) is to be read by jobs all the same.
  const readable = await runCommand(
    shell,
    { argv: ['chmod', '-R', 'a+rX', '--', output] },
    { purpose: `make the output of ${node.id} readable`, timeoutSecs: node.timeoutSecs, signal, onOutput },
  );
  if (readable.isErr()) return err(readable.error);
  // What cannot be mounted is not kept.
  const checked = await checkOutput(hostFiles, { name: node.id, path: output }, signal);
  if (checked.isErr()) return err(checked.error);
  const removed = await hostFiles.remove(scratch, { recursive: true, signal });
  return removed.mapErr((fault) => hostFilesFault(fault, null));
}

async function keep(
  ports: PreparePorts,
  at: { readonly building: string; readonly home: string; readonly key: string; readonly call: PrepareCall },
): Promise<Result<void, JobFault>> {
  const { hostFiles } = ports;
  const { signal } = at.call;
  const marker = Buffer.from(`${JSON.stringify({ schema_version: 1, key: at.key })}\n`);
  const written = await hostFiles.writeFile(`${at.building}/${PREPARED_MARKER}`, marker, { signal });
  if (written.isErr()) return err(hostFilesFault(written.error, null));
  const renamed = await hostFiles.rename(at.building, at.home, { signal });
  if (renamed.isOk()) return ok(undefined);
  // Another run may have made the same in the meantime.
  if (!(await isKept(ports, at.home, at.key, signal))) return err(hostFilesFault(renamed.error, null));
  await hostFiles.remove(at.building, { recursive: true });
  return ok(undefined);
}

async function isKept(
  { hostFiles }: PreparePorts,
  home: string,
  key: string,
  signal: AbortSignal,
): Promise<boolean> {
  const bytes = await hostFiles.readFile(`${home}/${PREPARED_MARKER}`, { signal, maxBytes: 64 * 1024 });
  if (bytes.isErr()) return false;
  try {
    return preparedMarkerSchema.parse(JSON.parse(Buffer.from(bytes.value).toString('utf8'))).key === key;
  } catch {
    return false;
  }
}

function variableOf(id: string): string {
  return id.toUpperCase().replace(/[^A-Z0-9]/g, '_');
}
