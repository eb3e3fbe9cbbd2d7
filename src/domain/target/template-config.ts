import { z } from 'zod';
import { shellOf } from '../machine/command-shell.js';
import { guestUser, jobLimitsSchema, oneUser } from '../machine/machine-options.js';
import { commandText, stepShell } from '../machine/step-values.js';
import { relativePattern } from '../patterns/relative-pattern.js';
import { commandTimeoutSecs } from '../values/command-timeout.js';
import { environmentSchema, namedSecrets } from '../values/environment.js';

/** What a template is made from and by. Whatever of it changes the result is part of the template's key. */
export const templateConfigSchema = z
  .strictObject({
    description: z.string().optional(),
    /** Another template of the target, or else the alias of an image of the project. */
    from: z.string().min(1).max(255),
    /** Run in a machine made from that; what it changes there, every job finds. */
    setup: commandText,
    /** As for a job: `sh -e`, unless this or the `#!` line of the text says otherwise. */
    shell: stepShell.optional(),
    /** Patterns (docs/patterns.md) of the files of the workspace that the setup finds there, read-only; it finds no others. Each has to match a file. */
    inputs: z.array(relativePattern).max(1000).default([]),
    /** Not for secrets: it is part of the key. */
    env: environmentSchema.default({}),
    /** Files in `$PIKACI_SECRETS_DIR` while the setup runs. Their values are not part of the key, and nothing of them is kept. */
    secrets: namedSecrets(z.strictObject({ env: z.string().min(1) })).default({}),
    runAsRoot: z.boolean().default(false),
    /** Login name; not together with `runAsRoot`. */
    user: guestUser,
    /** Of the machine in which it is made; jobs have their own. */
    limits: jobLimitsSchema.default({}),
    timeoutSecs: commandTimeoutSecs,
  })
  .superRefine(oneUser)
  .transform((template) => ({ ...template, shell: shellOf(template.setup, template.shell) }));
/** A checked template, every default filled in. Times are in seconds. */
export type TemplateConfig = z.output<typeof templateConfigSchema>;
