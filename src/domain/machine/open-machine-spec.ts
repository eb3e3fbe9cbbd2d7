import { z } from 'zod';
import { environmentSchema, secretsSchema } from '../values/environment.js';
import { quoteWords } from '../values/shell-words.js';
import { plainText } from '../values/text.js';
import { GUEST_GRACE_SECS } from './guest-paths.js';
import { hostDirectoryOptions, usableHostDirectories } from './host-directory.js';
import { guestUser, machineOptions, oneUser } from './machine-options.js';
import { servicesSchema } from './service-spec.js';
import { commandText, stepIdSchema, stepShell, workingDirectory } from './step-values.js';

const MAX_SECS = 7 * 24 * 3600;

/** An open machine as its caller describes it. Times are in seconds. Unknown keys are refused. */
export const openMachineSpecSchema = z
  .strictObject({
    /** Alias of an Incus image; the configured one when left out. */
    image: z.string().min(1).max(255).optional(),
    /** Directory on this machine whose snapshot is mounted at `/workspace/snapshot`; an empty directory there when left out. */
    workspace: z.string().min(1).optional(),
    /** For all steps. Not for secrets. */
    env: environmentSchema.default({}),
    /** Who runs the steps, unless a step says otherwise. */
    runAsRoot: z.boolean().default(false),
    user: guestUser,
    /** How long the machine stays when no process holds it. Whoever attaches or runs a step begins this time anew. */
    leaseSecs: z.number().int().min(30).max(MAX_SECS).default(600),
    /** Machines beside it, reached by their names and gone with it. Incus only; without templates and secrets. */
    services: servicesSchema.optional(),
    ...hostDirectoryOptions,
    ...machineOptions,
  })
  .superRefine(oneUser)
  .superRefine(usableHostDirectories)
  .superRefine(({ services = [] }, context) => {
    for (const [index, { secrets }] of services.entries())
      if (secrets.length > 0)
        context.addIssue({
          code: 'custom',
          path: ['services', index, 'secrets'],
          message: 'an open machine has no secrets of its own: use "env" or "files", which are in no record',
        });
  });
/** What a machine is made with, every default filled in. Times are in seconds, sizes in bytes. */
export type OpenMachineSpec = z.output<typeof openMachineSpecSchema>;
/** What a caller has to write. */
export type OpenMachineSpecInput = z.input<typeof openMachineSpecSchema>;

/** One command in an open machine. */
export const machineStepSchema = z
  .strictObject({
    /** A new one is made when left out. */
    id: stepIdSchema.optional(),
    /** Text for the shell, or the words of one command. */
    command: z.union([
      commandText,
      z
        .array(plainText)
        .min(1)
        .transform((words) => quoteWords(words)),
    ]),
    env: environmentSchema.default({}),
    /** Files in `$PIKACI_SECRETS_DIR`, masked in the output. */
    secrets: secretsSchema.default({}),
    runAsRoot: z.boolean().optional(),
    user: guestUser,
    /** Absolute, or relative to the workspace; the workspace when left out. */
    workingDirectory: workingDirectory.optional(),
    /** As for a job: `sh -e`, unless this or the `#!` line of the text says otherwise. */
    shell: stepShell.optional(),
    timeoutSecs: z.number().int().positive().max(MAX_SECS).default(1800),
    /** Between TERM and KILL when the step has to end. */
    graceSecs: z.number().int().nonnegative().max(600).default(GUEST_GRACE_SECS),
  })
  .superRefine(oneUser);
/** A step of an open machine, every default filled in. Times are in seconds. */
export type MachineStep = z.output<typeof machineStepSchema>;
/** What a caller has to write. */
export type MachineStepInput = z.input<typeof machineStepSchema>;
