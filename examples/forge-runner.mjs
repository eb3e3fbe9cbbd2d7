import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createPikaci } from 'pikaci';
import { readLog } from 'pikaci/records';

const { FORGE_URL, FORGE_TOKEN, PIKACI_CONFIG, RUNNER_SLOTS = '4' } = process.env;
const stateRoot = `${process.cwd()}/.pikaci`;
const headers = { authorization: `Bearer ${FORGE_TOKEN}` };
const pikaci = createPikaci({ ...JSON.parse(PIKACI_CONFIG), stateRoot })._unsafeUnwrap();

async function ask(path, body = '') {
  for (let tries = 1; ; tries++) {
    const request = { method: 'POST', headers, body, signal: AbortSignal.timeout(30_000) };
    const answer = await fetch(new URL(path, FORGE_URL), request).catch(() => null);
    const told = answer?.ok && (await answer.json().catch(() => null));
    if (told) return told;
    // A result is not lost with a connection or a forge that restarts; what the forge refuses is not asked again.
    if (tries === 600 || /^4/.test(answer?.status)) throw new Error(`${path}: ${answer?.status}`);
    await sleep(1000);
  }
}
async function run({ id, repository, commit, command }, workspace, signal) {
  // A job whose runner was killed has gone on without it: its machine, its log and its exit code are all there.
  const attached = await pikaci.attach(id, 'job', { signal });
  if (attached.isOk() || attached.error.kind !== 'no_such_job') return attached;
  const git = (...args) => promisify(execFile)('git', args, { signal });
  // Of the job before, or of a runner that was killed.
  await rm(workspace, { recursive: true, force: true });
  await git('clone', '--quiet', '--no-checkout', '--', repository, workspace);
  await git('-C', workspace, 'checkout', '--quiet', '--detach', commit);
  return await pikaci.runJob({ runId: id, job: { id: 'job', command }, workspace, signal });
}
/** Sends what the forge does not have of the log; it answers how much it has, and whether somebody has cancelled the job. */
async function sendLog(job, cancel) {
  const part = await readLog(stateRoot, job.id, { job: 'job', kind: 'guest', offset: job.logSize });
  const body = part.isOk() ? part.value.data : '';
  const forge = await ask(`/jobs/${job.id}/log?start=${job.logSize}`, body);
  if (forge.cancelled) cancel.abort();
  job.logSize = forge.logSize;
  return body.length > 0;
}
async function serve(job, workspace) {
  const cancel = new AbortController();
  const ticks = setInterval(() => sendLog(job, cancel).catch(() => cancel.abort()), 1000);
  const ended = await run(job, workspace, cancel.signal).catch((error) => ({ error }));
  clearInterval(ticks);
  while (await sendLog(job, cancel));
  const result = ended.value?.outcome ?? { status: 'error', message: ended.error.message };
  await ask(`/jobs/${job.id}/result`, JSON.stringify(result));
}
const waiting = await ask('/jobs/mine');
const free = Array.from({ length: RUNNER_SLOTS }, (_, slot) => `${process.cwd()}/checkout-${slot}`);
for (; ; await sleep(500)) {
  if (waiting.length === 0 && free.length > 0) waiting.push(...(await ask('/jobs/claim')));
  const job = free.length > 0 ? waiting.shift() : undefined;
  if (job === undefined) continue;
  const workspace = free.pop();
  const served = serve(job, workspace).catch((error) => console.error(`${job.id}: ${error.message}`));
  void served.finally(() => free.push(workspace));
}
