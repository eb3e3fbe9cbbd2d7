import { z } from 'zod';
import { runIdSchema } from '../values/identifier.js';
import { joinBelow } from '../values/path-rules.js';
import { processIdentitySchema } from '../values/process-identity.js';

/** What stands for the folder of a run where nobody has said which it is: its records came from the host, which has no say in what is sent from here. */
export const UNKNOWN_WORKSPACE = '/nonexistent/workspace-of-another-machine';

/** By which copies of runs of one id are told from each other. */
const TOKEN = /^[0-9a-f]{32}$/;
const tokenSchema = z.string().regex(TOKEN);

/** On the host, below the work directory: copies of the records of runs that go on, each under the id of its run and a token. */
export function runCopiesDir(workDir: string): string {
  return joinBelow(workDir, 'records');
}

/** Of which run a copy is. */
export interface RunCopyName {
  readonly runId: string;
  readonly token: string;
}

export function runCopyName({ runId, token }: RunCopyName): string {
  return `${runId}.${token}`;
}

/** Null for a name that no runner gives. */
export function parseRunCopyName(name: string): RunCopyName | null {
  const dot = name.lastIndexOf('.');
  const [runId, token] = [name.slice(0, Math.max(dot, 0)), name.slice(dot + 1)];
  return TOKEN.test(token) && runIdSchema.safeParse(runId).success ? { runId, token } : null;
}

/** Where the records of a run lie in its copy. */
export interface RunCopyLayout {
  readonly directory: string;
  readonly runRecord: string;
  readonly planRecord: string;
  readonly preparedOutputs: string;
  /** The sign of life of its runner. */
  readonly ticket: string;
  readonly jobsDir: string;
}

export function runCopyLayout(workDir: string, name: RunCopyName): RunCopyLayout {
  const directory = `${runCopiesDir(workDir)}/${runCopyName(name)}`;
  return {
    directory,
    runRecord: `${directory}/run.json`,
    planRecord: `${directory}/plan.json`,
    preparedOutputs: `${directory}/prepared-outputs.json`,
    ticket: `${directory}/runner.json`,
    jobsDir: `${directory}/jobs`,
  };
}

/** The id must have been validated: it becomes a part of a name. */
export function jobInRunCopy({ jobsDir }: Pick<RunCopyLayout, 'jobsDir'>, jobId: string): string {
  return `${jobsDir}/${jobId}.json`;
}

/** `records/<run>.<token>/runner.json`: who goes on with the run, and until when that is believed without another word. */
export const runTicketSchema = z.looseObject({
  schema_version: z.literal(1),
  runner: processIdentitySchema,
  /** Milliseconds since the epoch, by the host's clock. */
  expires_at_ms: z.number(),
  /** Tokens under which the copy lay before others took the run over, the last one at the end. */
  taken_from: z.array(tokenSchema).max(1000).default([]),
});
export type RunTicket = z.infer<typeof runTicketSchema>;

/** `runs/<run>/host-copy.json` in a state root: where the copy of the run's records is on the host. */
export const runCopyMarkSchema = z.looseObject({
  schema_version: z.literal(1),
  token: tokenSchema,
  /** Under which it lay before; it is looked for there while the move is not known to have been made. */
  taken_from: z.array(tokenSchema).max(1000).default([]),
  /** `making`: it may not be there yet. `none`: there is none any more, and the run goes on without. */
  state: z.enum(['making', 'there', 'none']),
});
export type RunCopyMark = z.infer<typeof runCopyMarkSchema>;
