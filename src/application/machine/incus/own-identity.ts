import { err, ok, type Result } from 'neverthrow';
import {
  GUEST_ARTIFACTS_DIR,
  GUEST_STEPS_DIR,
  GUEST_SUPERVISOR_DIR,
  GUEST_WORKSPACE_DIR,
} from '../../../domain/machine/guest-paths.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';

const PHASE = 'launch_guest';
const BOUND_MS = 120_000;
const LONGEST_COMPLAINT = 2000;

const MACHINE_IDS = ['/etc/machine-id', '/var/lib/dbus/machine-id'];
const RANDOM_SEED = '/var/lib/systemd/random-seed';
const SSH = '/etc/ssh';
const SSH_KEY = /^ssh_host_[a-z0-9_]+_key(\.pub)?$/;

interface At {
  readonly project: string;
  readonly name: string;
}

/** Takes out of a copy that has not been started what is one machine's own: its id, the keys of its SSH server, the seed of its random numbers. */
export async function makeItsOwn(
  incus: IncusApi,
  { project, name }: At,
  signal: AbortSignal,
): Promise<Result<void, IncusFault>> {
  const options = { signal };
  for (const path of MACHINE_IDS) {
    const found = await incus.fileInfo(project, name, path, options);
    if (found.isErr() && found.error.kind !== 'not_found') return err(found.error);
    if (found.isErr() || found.value.type !== 'file') continue;
    const emptied = await incus.writeFile(
      project,
      name,
      { path, content: new Uint8Array(), write: 'overwrite' },
      options,
    );
    if (emptied.isErr()) return err(emptied.error);
  }
  const listed = await incus.readFile(project, name, SSH, options);
  if (listed.isErr() && listed.error.kind !== 'not_found') return err(listed.error);
  const keys = listed.isOk() && listed.value.type === 'directory' ? namesIn(listed.value.content) : [];
  for (const path of [
    ...keys.filter((key) => SSH_KEY.test(key)).map((key) => `${SSH}/${key}`),
    RANDOM_SEED,
  ]) {
    const removed = await incus.deleteFile(project, name, path, options);
    if (removed.isErr() && removed.error.kind !== 'not_found') return err(removed.error);
  }
  return ok(undefined);
}

/** As the daemon lists a directory; the names are the guest's. */
function namesIn(content: Uint8Array): readonly string[] {
  try {
    const names: unknown = JSON.parse(Buffer.from(content).toString('utf8'));
    return Array.isArray(names) ? names.filter((name) => typeof name === 'string') : [];
  } catch {
    return [];
  }
}

/**
 * The supervisor's state is the original's: the copy begins without. What was written over the workspace lies in it, as an overlay's upper
 * directory or as a copy: it is kept, and mounted again as the supervisor would (guest/supervisor/63-workspace.sh).
 */
const TAKE_OVER = [
  'set -e',
  'machine=$1 public=$2 artifacts=$3 workspace=$4 kept=',
  'for area in "$machine/workspace" "$machine"/steps/*/workspace; do',
  '  if [ -d "$area/copy" ] || [ -d "$area/upper" ]; then kept=$area; fi',
  'done',
  'rm -rf -- "$machine.kept"',
  '[ -z "$kept" ] || mv -- "$kept" "$machine.kept"',
  'rm -rf -- "$machine" "$public" "$artifacts/.pikaci"',
  '[ -n "$kept" ] || exit 0',
  'mkdir -m 0700 -- "$machine"',
  'mv -- "$machine.kept" "$machine/workspace"',
  'area=$machine/workspace',
  'if [ -d "$area/copy" ]; then mount -o bind "$area/copy" "$workspace"',
  'else',
  '  rm -rf -- "$area/work"',
  '  mkdir -- "$area/work"',
  '  read -r _ _ range </proc/self/uid_map',
  '  options=lowerdir=.,upperdir=$area/upper,workdir=$area/work',
  '  [ "$range" = 4294967295 ] || options=$options,userxattr',
  '  cd "$workspace"',
  '  mount -t overlay overlay -o "$options,redirect_dir=on" "$workspace" || mount -t overlay overlay -o "$options" "$workspace"',
  'fi',
  'printf "%s\\n" "$workspace" >"$machine/writable"',
].join('\n');

/** In a copy that has just been started. */
export async function takeOverWorkspace(
  incus: IncusApi,
  { project, name }: At,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const within = AbortSignal.any([signal, awakeBound(BOUND_MS)]);
  const directories = [GUEST_SUPERVISOR_DIR, GUEST_STEPS_DIR, GUEST_ARTIFACTS_DIR, GUEST_WORKSPACE_DIR];
  const command = ['/bin/sh', '-c', TAKE_OVER, 'pikaci-fork', ...directories] as const;
  const call = { command, cwd: '/', user: 0, group: 0 } as const;
  const started = await incus.exec(project, name, call, { signal: within });
  if (started.isErr()) return err(incusFault(started.error, PHASE));
  await using running = started.value;
  let said = '';
  for await (const { data } of running.output)
    if (said.length < LONGEST_COMPLAINT) said += Buffer.from(data).toString('utf8');
  const exit = await running.exit;
  if (exit.isErr()) return err(incusFault(exit.error, PHASE));
  if (exit.value.code === 0) return ok(undefined);
  const message = `the copy ${name} could not be made a machine of its own: ${said.slice(0, LONGEST_COMPLAINT).trim()}`;
  return err({ kind: 'guest', phase: PHASE, host: incus.host, message });
}
