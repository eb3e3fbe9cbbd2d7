import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import { runVariables } from '../../domain/job/run-variables.js';
import { OLD_SHELL, shellInRequest, shellOf } from '../../domain/machine/command-shell.js';
import { preparedHomeDir } from '../../domain/machine/remote-layout.js';
import { preparedVariable } from '../../domain/target/prepared-variable.js';
import type { PrepareConfig } from '../../domain/target/target-config.js';
import { sha256Hex } from '../../domain/values/content-hash.js';
import { runCommand } from '../commands/run-command.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { checkOutput } from './check-output.js';
import { inputsHash } from './inputs-hash.js';
import { isKept, keepOutput } from './keep-output.js';
import { orFullDisk } from './or-full-disk.js';
import type { MadeOutput, PrepareCall, PreparePorts } from './prepare-call.js';
import { treeDigest } from './tree-digest.js';

/** A runner that lives ends its command first, and says so. */
const HOST_GRACE_SECS = 60;

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
  const inputs = await inputsHash(snapshot, node, ports.shell.host);
  if (inputs.isErr()) return err(inputs.error);
  const needs = [...call.needs].map(([id, { realized_path: path }]) => [id, path] as const);
  const env = Object.entries(node.env).sort(([a], [b]) => (a < b ? -1 : 1));
  const contents = await contentOfNeeds(ports, node, call);
  if (contents.isErr()) return err(contents.error);
  const shell = shellInRequest(node.command, shellOf(node.command, node.shell));
  const { hash: commit = null, branch = null } = snapshot.commit ?? {};
  const facts = { ...call.run, jobId: node.id, commit, branch: call.run.branch ?? branch };
  // Another in each run, and no part of what is made.
  const told = runVariables({ ...facts, traceparent: null });
  const madeBy = shell === undefined ? [2, node.command] : [3, node.command, shell];
  const named = namedIn(node, told);
  const key = sha256Hex(JSON.stringify([...madeBy, env, inputs.value, needs, contents.value, ...named]));
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
  if (held.value === 'held' && (await isKept(ports, { home, key }, call.signal))) return ok(made(true));

  const building = `${call.workDir}/prepared/.building-${randomBytes(8).toString('hex')}`;
  const environment = {
    ...(snapshot.gitDirectory === undefined ? {} : trustedByGit(`${building}/workspace`)),
    ...runVariables(facts),
    ...Object.fromEntries(needs.map(([id, path]) => [preparedVariable(id), path])),
    ...node.env,
    PIKACI_WORKSPACE: `${building}/workspace`,
    PIKACI_OUTPUT: `${building}/output`,
  };
  const words = shell ?? OLD_SHELL;
  const filled = await fill(ports, { node, call, building, environment, snapshotDir, shell: words });
  const madeWith = filled.isErr() ? err(filled.error) : await sameNeeds(ports, node, call, contents.value);
  const kept = madeWith.isErr()
    ? err(madeWith.error)
    : await keepOutput(ports, { building, home, key, signal: call.signal });
  if (kept.isErr()) {
    const { signal } = call;
    const fault = await orFullDisk(ports, kept.error, { signal, paths: [building] });
    // Not the caller's signal, which may be what ended it; the file store has bounds of its own.
    await ports.hostFiles.remove(building, { recursive: true });
    return err(fault);
  }
  const fresh = await call.hold(home);
  return fresh.map(() => made(false));
}

/** The copy's `.git` may be another user's than the host's. */
function trustedByGit(directory: string): Readonly<Record<string, string>> {
  return { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: directory };
}

/** Of what a command is told of its run: what its text asks for, and so may be in what it makes. An output of another commit is no answer then. */
function namedIn(node: CommandConfig, told: Readonly<Record<string, string>>): (readonly [string, string])[] {
  const text = [node.command, ...Object.values(node.env)].join('\n');
  return Object.entries(told).filter(([name]) => new RegExp(`\\b${name}\\b`).test(text));
}

/** What the outputs hold that the command works with; a path in a Nix store says that itself. */
async function contentOfNeeds(
  { shell }: PreparePorts,
  { timeoutSecs }: CommandConfig,
  { needs, signal }: PrepareCall,
): Promise<Result<string[], JobFault>> {
  const contents: string[] = [];
  for (const [id, { protocol, realized_path: path }] of needs) {
    if (protocol === 'nix_store_path_v1') continue;
    const digest = await treeDigest(shell, path, { id, timeoutSecs, signal });
    if (digest.isErr()) return err(digest.error);
    contents.push(digest.value);
  }
  return ok(contents);
}

/** The key says with what an output was made. An output that has become another one meanwhile may have been read as either. */
async function sameNeeds(
  ports: PreparePorts,
  node: CommandConfig,
  call: PrepareCall,
  before: readonly string[],
): Promise<Result<void, JobFault>> {
  const after = await contentOfNeeds(ports, node, call);
  if (after.isErr()) return err(after.error);
  if (after.value.every((digest, index) => digest === before[index])) return ok(undefined);
  const hashed = [...call.needs].filter(([, { protocol }]) => protocol !== 'nix_store_path_v1');
  const changed = hashed.filter((_, index) => after.value[index] !== before[index]).map(([id]) => id);
  const { host } = ports.shell;
  const message = `the output of ${changed.join(', ')} changed while the command of ${node.id} ran with it, so nothing of it was kept; run again when nothing writes to it`;
  return err({ kind: 'prepare_failed', phase: null, host, message });
}

interface Filling {
  readonly node: CommandConfig;
  readonly call: PrepareCall;
  readonly building: string;
  /** Words in front of the file with the command. */
  readonly shell: readonly string[];
  readonly snapshotDir: string;
  readonly environment: Readonly<Record<string, string>>;
}

async function fill(
  { shell, hostFiles }: PreparePorts,
  { node, call, building, snapshotDir, environment, shell: words }: Filling,
): Promise<Result<void, JobFault>> {
  const { signal, onOutput } = call;
  const [scratch, output, workspace] = ['scratch', 'output', 'workspace'].map(
    (name) => `${building}/${name}`,
  ) as [string, string, string];
  for (const directory of [scratch, output]) {
    const made = await hostFiles.makeDirectory(directory, { signal });
    if (made.isErr()) return err(hostFilesFault(made.error, null));
  }
  const text = `${building}/command`;
  const [program = '/bin/sh', ...options] = words;
  const isPlain = program === OLD_SHELL[0];
  if (!isPlain) {
    // A file of its own, as in a machine: not every interpreter has `-c`.
    const written = await hostFiles.writeFile(text, Buffer.from(node.command), { signal });
    if (written.isErr()) return err(hostFilesFault(written.error, null));
  }
  // The snapshot is every later run's; what the command may do in there it does to a copy, which shares its blocks where the disk can.
  const copied = await runCommand(
    shell,
    { argv: ['cp', '-a', '--reflink=auto', '--', snapshotDir, workspace] },
    {
      purpose: `copy the workspace for ${node.id}`,
      timeoutSecs: node.timeoutSecs,
      signal,
      onOutput,
      keepStdout: false,
    },
  );
  if (copied.isErr()) return err(copied.error);
  // The bound of a runner that is killed goes with it, so the host has one, too.
  const onHost = ['timeout', '-k', '10', `${node.timeoutSecs + HOST_GRACE_SECS}`] as const;
  const ran = await runCommand(
    shell,
    {
      argv: [...onHost, program, ...options, ...(isPlain ? ['-c', node.command] : [text])],
      cwd: scratch,
      env: environment,
      // What it leaves running could still write to what is kept under its name.
      endsWithProcess: true,
    },
    {
      purpose: `the command of ${node.id}`,
      failure: 'prepare_failed',
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
  for (const idle of isPlain ? [scratch, workspace] : [scratch, workspace, text]) {
    const removed = await hostFiles.remove(idle, { recursive: true, signal });
    if (removed.isErr()) return err(hostFilesFault(removed.error, null));
  }
  return ok(undefined);
}
