import { z } from 'zod';
import { guestUser, oneUser } from '../machine/machine-options.js';
import { commandText, stepIdSchema, stepShell, workingDirectory } from '../machine/step-values.js';
import { environmentSchema } from '../values/environment.js';
import { hasControlCharacter } from '../values/path-rules.js';
import { hasLoneSurrogate, LONE_SURROGATE } from '../values/text.js';

const MOST_STEPS = 100;
/** Of all steps together: a job's records hold them, as they hold a single command. */
const LONGEST_COMMANDS = 1024 * 1024;
const jobStep = z.strictObject({
  /** Made of the name when left out. */
  id: stepIdSchema.optional(),
  /** For people. */
  name: z
    .string()
    .min(1)
    .max(200)
    .refine((name) => !hasControlCharacter(name), { error: 'must not hold control characters' })
    .refine((name) => !hasLoneSurrogate(name), { error: LONE_SURROGATE })
    .optional(),
  command: commandText,
  /** The job's when left out. */
  shell: stepShell.optional(),
  workingDirectory: workingDirectory.optional(),
  /** On top of the job's. */
  env: environmentSchema.default({}),
  /** Login name; the job's user when left out. */
  user: guestUser,
  runAsRoot: z.boolean().optional(),
  /** Seconds; the job's own timeout holds for all steps together. */
  timeoutSecs: z
    .number()
    .int()
    .positive()
    .max(7 * 24 * 3600)
    .optional(),
  /** When it fails the job goes on as if it had passed. */
  continueOnError: z.boolean().default(false),
  /** When it is run: while nothing has failed (`success`, the default), once something has (`failure`), or in any case (`always`). */
  if: z.enum(['success', 'failure', 'always']).default('success'),
});

const jobStepSchema = jobStep.superRefine(oneUser);

/** The steps of a job, in order. Each has an id and a name afterwards. */
export const jobStepsSchema = z
  .array(jobStepSchema)
  .min(1)
  .max(MOST_STEPS)
  .refine((steps) => !repeats(steps.flatMap(({ id }) => id ?? [])), { error: 'two steps have the same id' })
  .refine((steps) => steps.reduce((sum, { command }) => sum + command.length, 0) <= LONGEST_COMMANDS, {
    error: 'the commands of all steps together have more than 1 MiB',
  })
  .transform(withIds);
export type JobStep = z.output<typeof jobStepsSchema>[number];

function repeats(ids: readonly string[]): boolean {
  return new Set(ids).size !== ids.length;
}

function withIds(steps: readonly z.output<typeof jobStepSchema>[]) {
  const taken = new Set(steps.flatMap(({ id }) => id ?? []));
  return steps.map(({ id: given, name, ...step }, index) => {
    const id = given ?? freeId(name === undefined ? '' : slug(name), index, taken);
    taken.add(id);
    return { ...step, id, name: name ?? given ?? `step ${index + 1}` };
  });
}

/** The same steps, where an id that was made of a name with a secret in it does not tell it. */
export function withoutSecretIds<Step extends JobStep>(
  steps: readonly Step[],
  isSecret: (text: string) => boolean,
): Step[] {
  const taken = new Set(steps.map(({ id }) => id));
  return steps.map((step, index) => {
    const made = slug(step.name);
    if (made === '' || !step.id.startsWith(made) || !isSecret(step.name)) return step;
    const id = freeId('', index, taken);
    taken.add(id);
    return { ...step, id };
  });
}

function slug(name: string): string {
  return name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 48)
    .replace(/-+$/, '');
}

function freeId(wanted: string, index: number, taken: ReadonlySet<string>): string {
  const base = wanted === '' ? `step-${index + 1}` : wanted;
  for (let number = 1; ; number++) {
    const id = number === 1 ? base : `${base}-${number}`;
    if (!taken.has(id)) return id;
  }
}
