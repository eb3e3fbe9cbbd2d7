import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { jobRecordSchema, jobStateLayout, type RunRecord, runRecordSchema } from '../../../src/index.js';
import { type CommandEnd, commandLine } from '../command-line.js';
import type { CutProxy } from '../cut-proxy.js';
import { NOTHING_LEFT, type Site } from '../site.js';
import { type Disturbance, disturb, environmentOf, MAY_END_EARLY } from './disturbances.js';
import type { PlannedJob, PlannedRun } from './plan.js';
import type { Random } from './random.js';

export interface RoundOptions {
  readonly site: Site;
  readonly kind: Disturbance;
  readonly random: Random;
  readonly plan: PlannedRun;
  readonly target: string;
  /** One configuration goes to the host itself, the other one through the proxy. */
  readonly configs: { readonly straight: string; readonly proxied: string };
  readonly proxy: CutProxy;
  /** An empty directory that nobody else uses. */
  readonly stateRoot: string;
  /** Words of a command that sees the state root on a small disk, and what makes that disk large. */
  readonly disk: {
    readonly within: readonly string[];
    readonly seen: (path: string) => string;
    readonly grow: () => void;
  } | null;
}

/** Longer than any run may take. */
const BOUND_MS = 240_000;

/** Runs a plan, disturbs it, has its jobs attached until each has an end, and says what is wrong: nothing, as a rule. */
export async function playRound(options: RoundOptions): Promise<{ runnerEnded: string; wrong: string[] }> {
  const { site, kind, random, plan, stateRoot } = options;
  const wrong: string[] = [];
  const runId = site.newRunId();
  const within = options.disk?.within ?? [];
  const isProxied = kind === 'cut' || kind === 'stall';
  const config = isProxied ? options.configs.proxied : options.configs.straight;
  const common = ['--config', config, '--state-root', stateRoot];
  const run = ['run', options.target, '--run-id', runId, '--parallel', '2', '--output', 'jsonl'];
  const runner = commandLine(site, [...run, ...common], environmentOf(kind, random), within);
  const ended = new AbortController();
  const end = bounded(runner.end, `the runner of ${runId}`).finally(() => ended.abort());
  await Promise.all([
    disturb(kind, {
      site,
      random,
      runId,
      common,
      runner,
      proxy: options.proxy,
      over: ended.signal,
      wrong: (what) => wrong.push(what),
    }),
    end,
  ]);
  wrong.push(...wrongEnd(await end, plan, kind));
  options.disk?.grow();

  const seen = options.disk?.seen(stateRoot) ?? stateRoot;
  const state = (jobId: string) => jobStateLayout(seen, runId, jobId);
  const outcomeOf = async (jobId: string) => {
    const text = await readFile(state(jobId).jobRecord, 'utf8').catch(() => null);
    return text === null ? 'never began' : (jobRecordSchema.parse(JSON.parse(text)).outcome ?? 'open');
  };
  for (const job of plan.jobs)
    for (let times = 0; times < 6 && (await outcomeOf(job.id)) === 'open'; times++) {
      const attach = commandLine(site, ['attach', runId, job.id, ...common], {}, within);
      if (kind === 'kill' && times < 2 && random.chance(0.4)) {
        setTimeout(() => attach.kill('SIGKILL'), random.between(0, 1_500));
        await attach.end;
        continue;
      }
      const { code, stderr } = await bounded(attach.end, `attach of ${job.id}`);
      if (
        code !== (job.exitCode === 0 ? 0 : 1) &&
        !(code === 2 && /nothing is left to attach to/.test(stderr))
      )
        wrong.push(`attach of ${job.id}, which exits with ${job.exitCode}, ended with ${code}: ${stderr}`);
    }

  const ran = new Set<string>();
  for (const job of plan.jobs) {
    const outcome = await outcomeOf(job.id);
    if (typeof outcome === 'string') {
      if (outcome === 'open' && kind !== 'kill') wrong.push(`${job.id} has no outcome after six attaches`);
      continue;
    }
    ran.add(job.id);
    const { status, cause, exit_code, message } = outcome;
    const expected = job.exitCode === 0 ? 'passed' : 'failed';
    if (status !== expected || cause !== 'exit' || exit_code !== job.exitCode)
      wrong.push(
        `${job.id} exits with ${job.exitCode}, and is ${status}, ${cause}, ${exit_code}: ${message}\n${await readFile(state(job.id).hostLog, 'utf8').catch(String)}`,
      );
    else wrong.push(...(await wrongFiles(job, state(job.id))));
  }

  const status = await commandLine(site, ['status', runId, '--json', ...common], {}, within).end;
  if (status.code === 0)
    wrong.push(...wrongStatus(runRecordSchema.parse(JSON.parse(status.stdout)), plan, ran));
  // Killed before it was recorded, or removed by what may remove all that has ended.
  else if ((kind !== 'kill' && kind !== 'gc') || status.code !== 2)
    wrong.push(`status ended with ${status.code}: ${status.stderr}`);
  wrong.push(...(await leftBehind(options, runId, common)));
  const { code, signal } = await end;
  return { runnerEnded: String(code ?? signal), wrong: wrong.map((what) => `${runId} (${kind}): ${what}`) };
}

function wrongEnd({ code, signal, stderr }: CommandEnd, plan: PlannedRun, kind: Disturbance): string[] {
  if (kind === 'kill' && signal === 'SIGKILL') return [];
  const passes = plan.prepares && plan.jobs.every(({ exitCode }) => exitCode === 0);
  const expected = passes ? 0 : 1;
  if (code === expected || (code === 3 && MAY_END_EARLY.includes(kind))) return [];
  return [`a run that ends with ${expected} has ended with ${code ?? signal}: ${stderr}`];
}

async function wrongFiles(
  job: PlannedJob,
  state: { readonly guestLog: string; readonly artifactsDir: string },
): Promise<string[]> {
  const wrong: string[] = [];
  const log = await readFile(state.guestLog, 'utf8').catch(String);
  if (log !== job.log) {
    let at = 0;
    while (log[at] === job.log[at]) at++;
    const found = JSON.stringify(log.slice(Math.max(0, at - 40), at + 40));
    wrong.push(
      `the log of ${job.id} has ${log.length} bytes of ${job.log.length}, and differs at ${at}: ${found}`,
    );
  }
  const artifact = await readFile(join(state.artifactsDir, 'made'), 'utf8').catch(String);
  if (artifact !== job.artifact) wrong.push(`the artifact of ${job.id} is ${JSON.stringify(artifact)}`);
  return wrong;
}

function wrongStatus(record: RunRecord, plan: PlannedRun, ran: ReadonlySet<string>): string[] {
  const wrong: string[] = [];
  for (const job of record.jobs) {
    const planned = plan.jobs.find(({ id }) => id === job.id);
    const isPassed = ran.has(job.id) && planned?.exitCode === 0;
    if ((job.status === 'passed') !== isPassed || (ran.has(job.id) && !/^(passed|failed)$/.test(job.status)))
      wrong.push(`${job.id} is shown as ${job.status}, ${ran.has(job.id) ? 'and has run' : 'and never ran'}`);
  }
  const allRan = plan.jobs.every(({ id }) => ran.has(id));
  const hasPassed = allRan && plan.prepares && plan.jobs.every(({ exitCode }) => exitCode === 0);
  if ((record.status === 'passed') !== hasPassed || record.status === 'running')
    wrong.push(`the run is ${record.status}, its jobs ${record.jobs.map(({ status }) => status).join(', ')}`);
  const hasFailed = plan.jobs.some(({ id, exitCode }) => ran.has(id) && exitCode !== 0);
  if (hasFailed && record.status !== 'failed' && record.status !== 'interrupted')
    wrong.push(`the run is ${record.status}, and a job of it has failed`);
  return wrong;
}

/** Machines, processes and directories on the host, and locks and temporary files here. */
async function leftBehind(
  { site, kind, disk }: RoundOptions,
  runId: string,
  common: readonly string[],
): Promise<string[]> {
  if (MAY_END_EARLY.includes(kind)) {
    for (const jobId of ['a', 'b', 'c']) await site.endLease(runId, jobId).catch(() => undefined);
    // As if the half hour were over for which a directory without a machine is left to its runner.
    await site.onHost(
      '[ ! -e "$1/runs/$2" ] || find "$1/runs/$2" -exec touch -h -d "2 hours ago" {} +',
      site.workDir,
      runId,
    );
    const { code, stderr } = await commandLine(site, ['gc', '--remote', ...common], {}, disk?.within).end;
    if (code !== 0) return [`gc ended with ${code}: ${stderr}`];
  }
  const left = await site.leftovers(runId);
  return JSON.stringify(left) === JSON.stringify(NOTHING_LEFT)
    ? []
    : [
        `there are left ${JSON.stringify(left)}: ${await site.onHost('find "$1/runs/$2" 2>/dev/null || :', site.workDir, runId)}`,
      ];
}

async function bounded<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} has not ended within ${BOUND_MS} ms`)), BOUND_MS);
  });
  return await Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
