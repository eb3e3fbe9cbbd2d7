import { err, ok, type Result } from 'neverthrow';
import { sha256Hex } from '../values/content-hash.js';
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

/** Values by their names, in their order. */
type Values = Readonly<Record<string, string>>;

interface Combination {
  /** What the id is made of. */
  readonly named: Values;
  /** Variables beside these, which `include` has added. */
  readonly added: Values;
}

/**
 * A job over every combination of its named values, the last name changing fastest, without those that `exclude` names and with those that
 * `include` adds. Ids are the job's and the values, joined by `-`, with what an id may not hold replaced by `_`; those that would be one get
 * a part of a hash. The error is a sentence.
 */
export function expandMatrix(job: TargetJob): Result<readonly ExpandedJob[], string> {
  if (job.matrix === undefined) return ok([{ id: job.id, baseId: job.id, job }]);
  const { include, exclude, ...rest } = job.matrix;
  // Lists of texts under these two names are values like others.
  const [added, includes] = apart('include', include);
  const [kept, excludes] = apart('exclude', exclude);
  // The schema lets these two names alone hold anything but lists of texts.
  const lists = rest as Readonly<Record<string, readonly string[]>>;
  const values: Readonly<Record<string, readonly string[]>> = { ...lists, ...added, ...kept };
  const names = Object.keys(values);
  const clash = twiceAsVariable([...new Set([...names, ...includes.flatMap(Object.keys)])]);
  if (clash !== null) return err(clash);
  const size = names.reduce((product, name) => product * (values[name]?.length ?? 1), 1) + includes.length;
  if (size > MOST_COMBINATIONS) return err(`has ${size} combinations; at most ${MOST_COMBINATIONS} are run`);
  const left = withoutExcluded(combinationsOf(values), excludes, names);
  if (left.isErr()) return err(left.error);
  const combinations = withIncluded(left.value, includes);
  if (combinations.length === 0) return err('leaves no combination to run');
  return idsOf(job.id, combinations).map((ids) =>
    combinations.map(({ named, added }, index) => {
      const env = Object.fromEntries(
        Object.entries({ ...named, ...added }).map(([name, value]) => [
          `MATRIX_${name.toUpperCase()}`,
          value,
        ]),
      );
      const id = ids[index] ?? job.id;
      return { id, baseId: job.id, job: { ...job, id, env: { ...env, ...job.env } } };
    }),
  );
}

function apart(
  name: string,
  list: readonly (string | Values)[] = [],
): readonly [Readonly<Record<string, readonly string[]>>, readonly Values[]] {
  const texts = list.filter((one) => typeof one === 'string');
  return [texts.length === 0 ? {} : { [name]: texts }, list.filter((one) => typeof one !== 'string')];
}

/** Two names of which one variable would be made. */
function twiceAsVariable(names: readonly string[]): string | null {
  const second = names.find((name, index) =>
    names.slice(0, index).some((other) => other.toUpperCase() === name.toUpperCase()),
  );
  if (second === undefined) return null;
  const first = names.find((name) => name.toUpperCase() === second.toUpperCase());
  return `names both ${first} and ${second}, which are one variable, MATRIX_${second.toUpperCase()}; rename one`;
}

function combinationsOf(values: Readonly<Record<string, readonly string[]>>): readonly Combination[] {
  const names = Object.entries(values);
  if (names.length === 0) return [];
  return names
    .reduce<readonly Values[]>(
      (rows, [name, each]) => rows.flatMap((row) => each.map((value) => ({ ...row, [name]: value }))),
      [{}],
    )
    .map((named) => ({ named, added: {} }));
}

const agrees = (row: Values, values: Values) =>
  Object.entries(values).every(([name, value]) => row[name] === value);

function withoutExcluded(
  combinations: readonly Combination[],
  excludes: readonly Values[],
  names: readonly string[],
): Result<readonly Combination[], string> {
  for (const [index, exclude] of excludes.entries()) {
    const unknown = Object.keys(exclude).find((name) => !names.includes(name));
    if (unknown !== undefined)
      return err(`has no ${unknown}, which exclude.${index} names; it has ${names.join(', ') || 'no names'}`);
    if (!combinations.some(({ named }) => agrees(named, exclude)))
      return err(`has no combination that exclude.${index} names: ${shown(exclude)}`);
  }
  return ok(combinations.filter(({ named }) => !excludes.some((exclude) => agrees(named, exclude))));
}

const shown = (values: Values) =>
  Object.entries(values)
    .map(([name, value]) => `${name} ${JSON.stringify(value)}`)
    .join(', ');

/** As GitHub Actions has it: added to each combination whose own values it leaves as they are; where there is none, one more. */
function withIncluded(
  combinations: readonly Combination[],
  includes: readonly Values[],
): readonly Combination[] {
  let all = combinations;
  const more: Combination[] = [];
  for (const include of includes) {
    const fits = ({ named }: Combination) =>
      Object.entries(include).every(([name, value]) => !Object.hasOwn(named, name) || named[name] === value);
    if (!combinations.some(fits)) {
      more.push({ named: include, added: {} });
      continue;
    }
    all = all.map((one) => {
      if (!fits(one)) return one;
      const beside = Object.entries(include).filter(([name]) => !Object.hasOwn(one.named, name));
      return { named: one.named, added: { ...one.added, ...Object.fromEntries(beside) } };
    });
  }
  return [...all, ...more];
}

/** Ids that say the values, each another one. */
function idsOf(jobId: string, combinations: readonly Combination[]): Result<readonly string[], string> {
  const plain = combinations.map(({ named }) =>
    [jobId, ...Object.values(named).map((value) => value.replace(/[^A-Za-z0-9._-]/g, '_'))].join('-'),
  );
  const exact = combinations.map(({ named }) => [jobId, ...Object.values(named)].join('-'));
  const ids: string[] = [];
  for (const [index, id] of plain.entries()) {
    const others = plain.flatMap((other, at) => (other === id && at !== index ? [at] : []));
    // One that is its id as it is written keeps it.
    const isIts = exact[index] === id && !others.some((at) => exact[at] === id);
    const key = JSON.stringify(Object.entries(combinations[index]?.named ?? {}));
    const distinct = others.length === 0 || isIts ? id : `${id}-${sha256Hex(key).slice(0, 8)}`;
    if (!jobIdSchema.safeParse(distinct).success)
      return err(`gives the job id "${distinct}", which is too long`);
    if (ids.includes(distinct))
      return err(`gives the job id "${distinct}" twice: two of its combinations are the same`);
    ids.push(distinct);
  }
  return ok(ids);
}
