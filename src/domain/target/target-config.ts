import { z } from 'zod';
import { withShells } from '../job/job-shells.js';
import { checkJob, jobSpecKeys } from '../job/job-spec.js';
import { shellOf } from '../machine/command-shell.js';
import { stepShell } from '../machine/step-values.js';
import { relativePattern } from '../patterns/relative-pattern.js';
import { commandTimeoutSecs } from '../values/command-timeout.js';
import { environmentSchema, namedSecrets, variableName } from '../values/environment.js';
import { jobIdSchema } from '../values/identifier.js';
import { conditionKeys } from '../values/node-condition.js';
import { isNormalisedAbsolutePath, pathError } from '../values/path-rules.js';
import { plainText as argument, plain } from '../values/text.js';
import { concurrencySchema } from './concurrency.js';
import { templateConfigSchema } from './template-config.js';

const text = plain(z.string().min(1));
const absolute = z
  .string()
  .refine(isNormalisedAbsolutePath, pathError('must be an absolute, normalised path on the host'));

const node = {
  id: jobIdSchema,
  description: z.string().optional(),
  /** Other prepare nodes that have to be there first. */
  dependsOn: z.array(z.string()).default([]),
  ...conditionKeys,
};
const nixBinary = text.default('nix');
const nixFlags = z.array(argument).default(['--extra-experimental-features', 'nix-command flakes']);

/** What makes a prepared output on the host. Each ends in a directory with `share/pikaci/payload-manifest.json`. */
export const prepareConfigSchema = z.discriminatedUnion('type', [
  /** Nix builds it; one that is built already costs an evaluation. */
  z.strictObject({
    type: z.literal('nixBuild'),
    ...node,
    /** What `nix build` takes; a `.` at the start stands for the workspace, such as `.#ci.x86_64-linux.workspaceBuild`. */
    installable: text,
    /** In the record; the part of the installable after `#` unless said. */
    outputName: text.optional(),
    /** Which of the derivation's outputs. */
    output: z.string().min(1).default('out'),
    /** `host`: built there. `local`: built on this machine and copied with `nix copy`. */
    where: z.enum(['host', 'local']).default('host'),
    binary: nixBinary,
    /** Between the binary and `build`. */
    flags: nixFlags,
    /** At the end of the build's arguments. */
    options: z.array(argument).default([]),
    /** `--store`; a directory is a store of its own, whose paths lie below it. */
    store: text.optional(),
    /** For `local`: the store URI of the host, such as `ssh-ng://ci@build-host`. */
    copyTo: text.optional(),
    timeoutSecs: commandTimeoutSecs,
  }),
  /** Run on the host, in an empty directory. It fills `$PIKACI_OUTPUT`; a copy of the workspace, which goes with the command, is at `$PIKACI_WORKSPACE`. */
  z.strictObject({
    type: z.literal('command'),
    ...node,
    command: text,
    /** As for a job: `sh -e`, unless this or the `#!` line of the command says otherwise. */
    shell: stepShell.optional(),
    /** Patterns (docs/patterns.md) of files of the workspace that decide what comes out; all when left out. Each has to match a file. An output of the same inputs, command and environment is used again. */
    inputs: z.array(relativePattern).max(1000).optional(),
    env: environmentSchema.default({}),
    timeoutSecs: commandTimeoutSecs,
  }),
  /** One that is there. While a run uses one in a Nix store, its garbage collector is kept away from it. */
  z.strictObject({
    type: z.literal('path'),
    ...node,
    path: absolute,
    /** `false` for a store that no Nix on the host looks after, such as one that is mounted from elsewhere. */
    gcRoot: z.boolean().default(true),
    binary: nixBinary,
    flags: nixFlags,
    store: text.optional(),
  }),
]);
export type PrepareConfig = z.output<typeof prepareConfigSchema>;

/** A record of it says what its command meant. */
function withShell(node: PrepareConfig): PrepareConfig {
  return node.type === 'command' ? { ...node, shell: shellOf(node.command, node.shell) } : node;
}

/** A number has to be what is written: what a machine sees of `3.10` is `3.1`. */
const matrixValue = z
  .union([plain(z.string()), z.number(), z.boolean()])
  .refine((value) => typeof value !== 'number' || Number.isSafeInteger(value) || !Number.isInteger(value), {
    error: 'is more than a number can hold exactly; write it in quotes',
  })
  .transform(String);
const matrixValues = z.array(matrixValue).min(1).max(256);
const matrixRow = z.record(variableName, matrixValue).refine((row) => Object.keys(row).length > 0, {
  error: 'names no value',
});
/** Under these two names a list of objects says something of the combinations; a list of values is one as any other. */
const matrixRows = z.union([matrixValues, z.array(matrixRow).min(1).max(256)]).optional();

/**
 * Names and their values; a job runs once for each combination, with `$MATRIX_<NAME>` set. `exclude` takes those away that have all of an
 * object's values; `include` then adds an object's values to each combination that it agrees with, or a combination of its own. The type is
 * written out, as what zod makes of it cannot stand in a declaration: there the two names would have to be lists of values as all others are.
 */
const matrixSchema: z.ZodType<
  Record<string, string[] | Record<string, string>[] | undefined>,
  Record<string, (string | number | boolean)[] | Record<string, string | number | boolean>[] | undefined>
> = z
  .object({ include: matrixRows, exclude: matrixRows })
  .catchall(matrixValues)
  .superRefine((matrix, context) => {
    for (const name of Object.keys(matrix)) {
      const why = variableName.safeParse(name).error?.issues[0]?.message;
      if (why !== undefined) context.addIssue({ code: 'custom', path: [name], message: why });
    }
  });

const { secrets: _, ...jobKeys } = jobSpecKeys;

const targetJob = z.strictObject({
  ...jobKeys,
  description: z.string().optional(),
  /** Jobs that must have passed first (`when` says otherwise), and prepare nodes whose outputs are mounted. */
  dependsOn: z.array(z.string()).default([]),
  /** Jobs, with or without their matrix values, whose artifacts it has at `/artifacts-from/<job>`, read-only. It waits for them as for those of `dependsOn`. */
  artifactsFrom: z.array(z.string()).max(64).default([]),
  ...conditionKeys,
  /** The template of the target whose copy its machine is; one from the configured image when left out. */
  template: jobIdSchema.optional(),
  matrix: matrixSchema.optional(),
  secrets: namedSecrets(
    z.strictObject({
      env: z.string().min(1),
      /** Given to runs that are not trusted as well; they have no others. */
      untrusted: z.boolean().optional(),
    }),
  ).default({}),
});
/** Said once more for editors, which know no more than its JSON Schema. */
const oneOf = [{ required: ['command'] }, { required: ['steps'] }];
export const targetJobSchema = targetJob.superRefine(checkJob).transform(withShells).meta({ oneOf });
export type TargetJob = z.output<typeof targetJobSchema>;

const targetConfig = z.strictObject({
  description: z.string().optional(),
  /** Jobs and prepare nodes that run at the same time. */
  parallel: z.number().int().positive().max(64).default(4),
  /** The first failure ends what runs, and nothing new begins. */
  failFast: z.boolean().default(false),
  /** `{group, cancelInProgress}`: of the runs of a group one goes on at a time, over all runners. */
  concurrency: concurrencySchema.optional(),
  /** Patterns (docs/patterns.md) of paths; when it is known what has changed and nothing matches, the run is skipped. */
  filters: z.array(relativePattern).max(1000).default([]),
  prepare: z
    .array(prepareConfigSchema)
    .default([])
    .refine((nodes) => new Set(nodes.map(({ id }) => id)).size === nodes.length, {
      error: 'two prepare nodes have the same id',
    })
    .transform((nodes) => nodes.map(withShell)),
  /** Machines that are made once and copied, by names that jobs and other templates use. */
  templates: z.record(jobIdSchema, templateConfigSchema).default({}),
  jobs: z
    .array(targetJobSchema)
    .min(1)
    .refine((jobs) => new Set(jobs.map((job) => job.id)).size === jobs.length, {
      error: 'two jobs have the same id',
    }),
});

interface OfTemplates {
  readonly templates: Readonly<Record<string, unknown>>;
  readonly jobs: readonly Pick<TargetJob, 'template' | 'instanceType' | 'services'>[];
}

function checkTemplates({ templates, jobs }: OfTemplates, context: z.RefinementCtx): void {
  const known = Object.keys(templates).join(', ') || 'none';
  const unknown = (template: string) => `there is no template "${template}"; the target has ${known}`;
  for (const [index, { template, instanceType, services = [] }] of jobs.entries()) {
    const refuse = (key: string | readonly (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path: ['jobs', index, ...[key].flat()], message });
    for (const [at, service] of services.entries())
      if (service.template !== undefined && !Object.hasOwn(templates, service.template))
        refuse(['services', at, 'template'], unknown(service.template));
    if (template === undefined) continue;
    if (!Object.hasOwn(templates, template)) refuse('template', unknown(template));
    if (instanceType !== 'container')
      refuse('instanceType', 'a job from a template is a container: virtual machines have no templates yet');
  }
}

/** A target of the configuration: the jobs that run together, what they need prepared, and when there is anything to do. */
export const targetConfigSchema = targetConfig.superRefine(checkTemplates);
/** A checked target, every default filled in. Times are in seconds. */
export type TargetConfig = z.output<typeof targetConfigSchema>;
/** What a user writes of a target. */
export type TargetConfigInput = z.input<typeof targetConfigSchema>;
