import { err, ok, type Result } from 'neverthrow';
import { machineJobId } from '../../domain/machine/machine-job-id.js';
import { remoteLayout } from '../../domain/machine/remote-layout.js';
import {
  type RunCopyMark,
  type RunCopyName,
  type RunTicket,
  runCopyLayout,
  UNKNOWN_WORKSPACE,
} from '../../domain/records/run-copy-layout.js';
import { runStateLayout } from '../../domain/records/run-layout.js';
import { runIdSchema } from '../../domain/values/identifier.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { makeStateRoot } from '../directories/state-root.js';
import type { JobFault } from '../faults/job-fault.js';
import { hostFilesFault } from '../faults/port-faults.js';
import { type FoundRunCopy, findRunCopies, whyItsRunnerLives } from '../recover/find-run-copies.js';
import { type CopiedRun, readRunCopy } from '../recover/read-run-copy.js';
import { RUNNER_LIFE_MS } from '../recover/run-copy.js';
import { claimRun, jsonBytes } from './claim-run.js';
import { newCopyMark } from './copy-of-run.js';
import { planOf } from './recorded-plan.js';
import type { RunTargetParts } from './run-target-parts.js';
import type { ResumeOptions } from './target-run.js';
import { whyNotOurs } from './why-not-ours.js';

const BOUND_MS = 10 * 60_000;
const SHORTEST_ID = /^[0-9a-f]{8,32}$/;

/** Brings the records of a run into the state root, from what its runner has left on the host. One that is in the state root stays as it is. */
export async function bringRunBack(
  parts: RunTargetParts,
  runId: string,
  options: Pick<ResumeOptions, 'id' | 'workspace' | 'signal'>,
): Promise<Result<void, JobFault>> {
  const { ports, settings, hostTime } = parts;
  const { stateRoot, workDir } = settings;
  // What is no id is told by whoever reads the records.
  if (!runIdSchema.safeParse(runId).success) return ok(undefined);
  const state = runStateLayout(stateRoot, runId);
  const here = await ports.localFiles.lstat(state.runDir);
  if (here.isOk() || here.error.kind !== 'not_found') return ok(undefined);
  const bound = awakeBound(BOUND_MS);
  const signal = options.signal === undefined ? bound : AbortSignal.any([options.signal, bound]);
  const chosen = await choose(parts, runId, options.id, signal);
  if (chosen.isErr()) return err(chosen.error);
  const { name } = chosen.value;
  await hostTime.learn(signal);
  const { hostFiles: files, processes, clock } = ports;
  const lives = await whyItsRunnerLives({ files, processes, clock, hostTime }, { workDir, name }, signal);
  if (lives !== null) return err(fault(parts, 'job_in_use', 'run', `${runId}: ${lives}`));
  const to = { stateRoot, workspace: options.workspace ?? UNKNOWN_WORKSPACE };
  const before = await readRunCopy(files, { workDir, name }, to, signal);
  const refused = before.isErr() ? before.error : whyNot(parts, before.value);
  if (refused !== null) return err(refused);
  // From here on a runner that was cut off writes nothing into it, so that what is read once more is all there is.
  const taken = await take(parts, chosen.value, signal);
  if (taken.isErr()) return err(taken.error);
  const copied = await readRunCopy(files, { workDir, name: taken.value.name }, to, signal);
  const stillNot = copied.isErr() ? copied.error : whyNot(parts, copied.value);
  if (copied.isErr() || stillNot !== null) return err(stillNot ?? fault(parts, 'host_files', 'run', runId));
  const rooted = await makeStateRoot(ports.localFiles, stateRoot);
  if (rooted.isErr()) return err(rooted.error);
  const mark: RunCopyMark = {
    schema_version: 1,
    token: taken.value.name.token,
    taken_from: [...taken.value.takenFrom],
    state: 'there',
  };
  const tried = await triedJobs(parts, copied.value, signal);
  return await claimRun(ports.localFiles, state, { ...copied.value, copy: mark, tried });
}

/** Jobs that are open and have no record, for which a machine, or a directory on the host, may have been made. */
async function triedJobs(
  { ports, settings }: RunTargetParts,
  { run, jobs }: CopiedRun,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const recorded = new Set(jobs.map(({ job_id }) => job_id));
  const tried = run.jobs.map(async ({ id, started_at: began, attempt = 1 }) => {
    if (recorded.has(id)) return [];
    if (began !== null) return [id];
    const place = { runId: run.run_id, jobId: machineJobId(id, attempt), remoteWorkDir: settings.workDir };
    return (await ports.hostFiles.lstat(remoteLayout(place).remoteJobDir, { signal })).isOk() ? [id] : [];
  });
  return (await Promise.all(tried)).flat();
}

async function choose(
  parts: RunTargetParts,
  runId: string,
  id: string | undefined,
  signal: AbortSignal,
): Promise<Result<FoundRunCopy, JobFault>> {
  const { ports, settings } = parts;
  const { host } = ports.hostFiles;
  if (id !== undefined && !SHORTEST_ID.test(id))
    return err(
      fault(
        parts,
        'invalid_job',
        'id',
        `id: at least 8 of the characters by which runs of one id are told apart are expected, not ${JSON.stringify(id)}`,
      ),
    );
  const found = await findRunCopies(ports.hostFiles, { workDir: settings.workDir, runId }, signal);
  if (found.isErr()) return err(found.error);
  const meant = found.value.filter(({ name }) => name.token.startsWith(id ?? ''));
  const [only, another] = meant;
  if (only === undefined) {
    const which = id === undefined ? '' : ` of the id ${id}`;
    const message = `there is no run ${runId} in ${settings.stateRoot}, and ${host} has no records of one${which} that goes on`;
    return err(fault(parts, 'no_such_job', 'run', message));
  }
  if (another === undefined) return ok(only);
  const all = meant.map(
    ({ name, run }) => `${name.token.slice(0, 8)} (${run.target_id ?? 'no target'}, of ${run.created_at})`,
  );
  const message = `${host} has several runs ${runId}: say which is meant with --id: ${all.join(', ')}`;
  return err(fault(parts, 'run_exists', 'id', message));
}

function whyNot(parts: RunTargetParts, { run, plan }: CopiedRun): JobFault | null {
  const { settings, targets } = parts;
  if (run.options?.trust === 'untrusted' && settings.trust !== 'untrusted') {
    const message = `${run.run_id} is a run that is not trusted, and goes on as such: --trust untrusted, or PIKACI_TRUST=untrusted`;
    return fault(parts, 'not_trusted', 'trust', message);
  }
  const planned = planOf({ run, plan });
  if (planned.isErr()) return fault(parts, 'invalid_plan', 'target', planned.error);
  const own = Object.hasOwn(targets, run.target_id ?? '') ? targets[run.target_id ?? ''] : undefined;
  const foreign = whyNotOurs(planned.value.plan.nodes, own, plan.selected_jobs);
  if (foreign === null) return null;
  const message = `the records of ${run.run_id} came from ${parts.ports.hostFiles.host}, and by them ${foreign.message}; that is not the host's to say, and the target ${run.target_id ?? ''} of this configuration does not say the same: let it, or resume the run where its state root is`;
  return fault(parts, 'not_trusted', foreign.field, message);
}

/** By one rename: of two that come at one moment, one has it. */
async function take(
  { ports, settings, hostTime }: RunTargetParts,
  { name, ticket }: FoundRunCopy,
  signal: AbortSignal,
): Promise<Result<{ readonly name: RunCopyName; readonly takenFrom: readonly string[] }, JobFault>> {
  const { hostFiles: files, processes } = ports;
  const before = {
    schema_version: 1,
    state: 'there',
    token: name.token,
    taken_from: ticket?.taken_from ?? [],
  } as const;
  const { token, taken_from: takenFrom } = newCopyMark({ ...before, taken_from: [...before.taken_from] });
  const own = { runId: name.runId, token };
  const [from, to] = [runCopyLayout(settings.workDir, name), runCopyLayout(settings.workDir, own)];
  const moved = await files.rename(from.directory, to.directory, { signal });
  if (moved.isErr()) {
    if (moved.error.kind !== 'not_found') return err(hostFilesFault(moved.error, null));
    const message = `another runner has begun to go on with ${name.runId} in this moment`;
    return err({ kind: 'job_in_use', phase: null, host: files.host, message, field: 'run' });
  }
  const expires_at_ms = Math.round(hostTime.now() + RUNNER_LIFE_MS);
  const runner = await processes.self();
  const told: RunTicket = { schema_version: 1, runner: { ...runner }, expires_at_ms, taken_from: takenFrom };
  const written = await files.writeFile(to.ticket, jsonBytes(told), { mode: 0o600, signal });
  return written.map(() => ({ name: own, takenFrom })).mapErr((cause) => hostFilesFault(cause, null));
}

function fault(parts: RunTargetParts, kind: JobFault['kind'], field: string, message: string): JobFault {
  return { kind, phase: null, host: parts.ports.hostFiles.host, message, field };
}
