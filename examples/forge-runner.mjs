import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
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
async function run({ id, repository, commit, command }, signal) {
  // A job whose runner was killed has gone on without it: its machine, its log and its exit code are all there.
  const attached = await pikaci.attach(id, 'job', { signal });
  if (attached.isOk() || attached.error.kind !== 'no_such_job') return attached;
  const workspace = await mkdtemp('/tmp/checkout-');
  const git = (...args) => promisify(execFile)('git', ['-C', workspace, ...args], { signal });
  try {
    await git('clone', '--quiet', '--no-checkout', '--', repository, '.');
    await git('checkout', '--quiet', '--detach', commit);
    return await pikaci.runJob({ runId: id, job: { id: 'job', command }, workspace, signal });
  } finally {
    await rm(workspace, { recursive: true });
  }
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
async function serve(job) {
  const cancel = new AbortController();
  const ticks = setInterval(() => sendLog(job, cancel).catch(() => cancel.abort()), 1000);
  const ended = await run(job, cancel.signal).catch((error) => ({ error }));
  clearInterval(ticks);
  while (await sendLog(job, cancel));
  const result = ended.value?.outcome ?? { status: 'error', message: ended.error.message };
  await ask(`/jobs/${job.id}/result`, JSON.stringify(result));
}
const waiting = await ask('/jobs/mine');
let serving = 0;
for (; ; await sleep(500)) {
  if (waiting.length === 0 && serving < RUNNER_SLOTS) waiting.push(...(await ask('/jobs/claim')));
  const job = waiting.shift();
  if (job === undefined) continue;
  serving += 1;
  const served = serve(job).catch((error) => console.error(`${job.id}: ${error.message}`));
  void served.finally(() => (serving -= 1));
}
