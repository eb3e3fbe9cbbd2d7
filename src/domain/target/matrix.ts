import { err, ok, type Result } from 'neverthrow';
import { jobIdSchema } from '../values/identifier.js';
import type { TargetJob } from './target-config.js';

/** Machines that one job may ask for. */
const MOST_COMBINATIONS = 256;

/** One job to run, the values of its matrix in its environment. */
export interface ExpandedJob {
  readonly id: string;
  /** As the configuration names it. */
  readonly baseId: string;
  readonly job: TargetJob;
}

/**
 * A job over every combination of its named values, the last name changing fastest. Ids are the job's and the values, joined
 * by `-`, with what an id may not hold replaced by `_`. The error is a sentence.
 */
export function expandMatrix(job: TargetJob): Result<readonly ExpandedJob[], string> {
  const { matrix } = job;
  if (matrix === undefined) return ok([{ id: job.id, baseId: job.id, job }]);
  const names = Object.entries(matrix);
  const size = names.reduce((product, [, values]) => product * values.length, 1);
  if (size > MOST_COMBINATIONS) return err(`has ${size} combinations; at most ${MOST_COMBINATIONS} are run`);
  const combinations = names.reduce<readonly (readonly (readonly [string, string])[])[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => [...row, [name, value] as const])),
    [[]],
  );
  const expanded: ExpandedJob[] = [];
  for (const row of combinations) {
    const id = [job.id, ...row.map(([, value]) => value.replace(/[^A-Za-z0-9._-]/g, '_'))].join('-');
    if (!jobIdSchema.safeParse(id).success) return err(`gives the job id "${id}", which is too long`);
    if (expanded.some((other) => other.id === id)) return err(`gives the job id "${id}" twice`);
    const env = Object.fromEntries(row.map(([name, value]) => [`MATRIX_${name.toUpperCase()}`, value]));
    expanded.push({ id, baseId: job.id, job: { ...job, id, env: { ...env, ...job.env } } });
  }
  return ok(expanded);
}
