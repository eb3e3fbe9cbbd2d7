import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { z } from 'zod';
import {
  machineStateLayout,
  machinesDirOf,
  stepStateLayout,
} from '../../../domain/records/machine-layout.js';
import { machineRecordSchema, stepRecordSchema } from '../../../domain/records/machine-record.js';
import { serviceNames } from '../../../domain/records/service-names.js';
import { machineIdSchema } from '../../../domain/values/identifier.js';
import type { RunState } from '../process/cli-input.js';

/** A word that may stand there, and what it is. */
export interface Candidate {
  readonly word: string;
  readonly about: string;
}

/** More than anybody looks through, and few enough to be read while somebody waits. */
const MOST_RUNS = 100;

/** The newest first. */
export async function runWords(records: RunState, stateRoot: string): Promise<readonly Candidate[]> {
  const listed = await records.listRuns(stateRoot, { limit: MOST_RUNS });
  if (listed.isErr()) return [];
  return listed.value.runs.map((run) => ({
    word: run.run_id,
    about: [run.status, run.target_id ?? '', run.created_at].filter((text) => text !== '').join(' '),
  }));
}

export async function branchWords(records: RunState, stateRoot: string): Promise<readonly Candidate[]> {
  const listed = await records.listRuns(stateRoot, { limit: MOST_RUNS });
  if (listed.isErr()) return [];
  const names = new Set(listed.value.runs.flatMap(({ git_branch }) => git_branch ?? []));
  return [...names].map((word) => ({ word, about: 'branch' }));
}

export async function jobWords(
  records: RunState,
  stateRoot: string,
  runId: string,
): Promise<readonly Candidate[]> {
  const run = await records.loadRunRecord(stateRoot, runId, {});
  if (run.isErr()) return [];
  return run.value.jobs.map(({ id, status, description }) => ({
    word: id,
    about: description === '' ? status : `${status}: ${description}`,
  }));
}

export async function jobStepWords(
  records: RunState,
  stateRoot: string,
  at: { readonly runId: string; readonly job: string },
): Promise<readonly Candidate[]> {
  const steps = await records.loadSteps(stateRoot, at.runId, { job: at.job });
  return steps.isErr() ? [] : steps.value.map(({ id, name }) => ({ word: id, about: name }));
}

export async function serviceWords(
  records: RunState,
  stateRoot: string,
  { runId, job }: { readonly runId: string; readonly job: string },
): Promise<readonly Candidate[]> {
  const record = await records.loadJob(stateRoot, runId, job, {});
  if (record.isErr()) return [];
  const ended = record.value.outcome?.services ?? [];
  return serviceNames(record.value).map((word) => ({
    word,
    about: ended.find(({ name }) => name === word)?.status.replace('_', ' ') ?? 'service',
  }));
}

/** Those that may still be open; with `all`, the others as well: their logs are there. */
export async function machineWords(stateRoot: string, all: boolean): Promise<readonly Candidate[]> {
  const found: { readonly word: string; readonly about: string; readonly at: string }[] = [];
  for (const id of await namesIn(machinesDirOf(stateRoot))) {
    if (!machineIdSchema.safeParse(id).success) continue;
    const record = await recordIn(machineStateLayout(stateRoot, id).machineRecord, machineRecordSchema);
    if (record === null) continue;
    const isGone = record.released_at !== null || record.gone_at !== undefined;
    if (all || !isGone)
      found.push({
        word: id,
        about: `${isGone ? 'gone, ' : ''}opened ${record.created_at}`,
        at: record.created_at,
      });
  }
  return found.sort((a, b) => (a.at < b.at ? 1 : -1));
}

export async function machineStepWords(stateRoot: string, machineId: string): Promise<readonly Candidate[]> {
  if (!machineIdSchema.safeParse(machineId).success) return [];
  const state = machineStateLayout(stateRoot, machineId);
  const found: { readonly word: string; readonly about: string; readonly at: string }[] = [];
  for (const id of await namesIn(state.stepsDir)) {
    const record = await recordIn(stepStateLayout(state, id).stepRecord, stepRecordSchema);
    if (record !== null)
      found.push({ word: id, about: record.outcome?.status ?? 'running', at: record.started_at });
  }
  return found.sort((a, b) => (a.at < b.at ? 1 : -1));
}

/** The names that OpenSSH's configuration gives to hosts. */
export async function hostWords(homeDir: string): Promise<readonly Candidate[]> {
  const text = await readFile(join(homeDir, '.ssh/config'), 'utf8').catch(() => '');
  const names = [...text.matchAll(/^[ \t]*Host[ \t=]+(.*)$/gim)].flatMap(([, list = '']) =>
    list.trim().split(/\s+/),
  );
  const plain = new Set(names.filter((name) => /^[\w.@-]+$/.test(name)));
  return [
    { word: 'local', about: 'this machine' },
    ...[...plain].map((word) => ({ word, about: 'of ~/.ssh/config' })),
  ];
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(() => []);
}

async function recordIn<T extends z.ZodType>(file: string, schema: T): Promise<z.infer<T> | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}
