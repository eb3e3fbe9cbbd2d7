import { z } from 'zod';
import { environmentSchema, variableName } from '../values/environment.js';
import { jobIdSchema } from '../values/identifier.js';
import { isNormalisedAbsolutePath, pathError } from '../values/path-rules.js';
import { plain } from '../values/text.js';
import { guestUser, jobLimitsSchema, oneUser } from './machine-options.js';
import { commandText, stepShell } from './step-values.js';

const MOST_SERVICES = 20;
const MOST_ALIASES = 10;
const MOST_FILES = 100;
/** Of all files of one service together, in bytes. */
const LONGEST_FILES = 1024 * 1024;

/** A name that a machine finds another one by. What follows from it is a directory, so it has no dot. */
const hostLabel = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?$/, {
    error: 'a name is 1 to 63 of a-z, 0-9, "-" and "_", and begins and ends with a letter or a digit',
  })
  .refine((name) => name !== 'localhost', { error: '"localhost" is the machine itself' });

/** Another name: it may have dots, as no directory is called so. */
const hostName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$/, {
    error: 'an alias is 1 to 253 of a-z, 0-9, ".", "-" and "_", and begins and ends with a letter or a digit',
  })
  .refine((name) => name !== 'localhost', { error: '"localhost" is the machine itself' });

export function isServiceName(name: string): boolean {
  return hostLabel.safeParse(name).success;
}

const readySchema = z
  .strictObject({
    /** Something listens on this port, at an address that the job reaches. */
    tcp: z.number().int().min(1).max(65_535).optional(),
    /** Run with `/bin/sh` in the service's machine, as who runs the service, again and again, until it ends with 0. */
    command: plain(z.string().min(1).max(65_536)).optional(),
    /** This text is in the service's log. */
    log: plain(z.string().min(1).max(1000)).optional(),
  })
  .refine((ready) => Object.values(ready).filter((value) => value !== undefined).length === 1, {
    error: 'has one of "tcp", "command" and "log"',
  });

const fileSchema = z.strictObject({
  path: z.string().refine(isNormalisedAbsolutePath, pathError('must be an absolute, normalised path')),
  content: z.string(),
  /** In octal, such as `"0600"`. */
  mode: z
    .string()
    .regex(/^0?[0-7]{3}$/, { error: 'a mode is three octal digits, such as "0600"' })
    .default('0644'),
});

/** What a service is, whatever it is called. */
export const serviceOptions = {
  /** Alias of an image; the configured one when neither this nor `template` is there. */
  image: plain(z.string().min(1)).optional(),
  /** What it runs, in the foreground. Left out, what the machine's own init starts is the service, and its journal the log. */
  command: commandText.optional(),
  shell: stepShell.optional(),
  user: guestUser,
  runAsRoot: z.boolean().default(false),
  /** Not for secrets. */
  env: environmentSchema.default({}),
  /** Written before its command begins; root's. */
  files: z
    .array(fileSchema)
    .max(MOST_FILES)
    .refine((files) => files.reduce((sum, { content }) => sum + content.length, 0) <= LONGEST_FILES, {
      error: 'all files together have more than 1 MiB',
    })
    .default([]),
  /** When it is ready for the job; once its command has begun when left out. */
  ready: readySchema.optional(),
  readyTimeoutSecs: z.number().int().positive().max(3600).default(60),
  limits: jobLimitsSchema.default({}),
} as const;

/** A machine beside a job: made from an image or a template, reached by its name, and gone with the job. */
export const serviceSpecSchema = z
  .strictObject({
    name: hostLabel,
    /** Other names that it is reached by. */
    aliases: z.array(hostName).max(MOST_ALIASES).default([]),
    /** A template of the target. */
    template: jobIdSchema.optional(),
    /** Names of the job's secrets that it gets as well, as files in `$PIKACI_SECRETS_DIR`. */
    secrets: z.array(variableName).max(100).default([]),
    ...serviceOptions,
  })
  .superRefine(oneUser)
  .superRefine(({ image, template }, context) => {
    if (image === undefined || template === undefined) return;
    const message = 'a service is from an image or from a template, not from both';
    context.addIssue({ code: 'custom', path: ['template'], message });
  });
/** A checked service, every default filled in. */
export type ServiceSpec = z.output<typeof serviceSpecSchema>;

/** What a user writes of a service. */
export type ServiceSpecInput = z.input<typeof serviceSpecSchema>;

/** The services of a job. Each of their names is one machine's. */
export const servicesSchema = z
  .array(serviceSpecSchema)
  .max(MOST_SERVICES)
  .superRefine((services, context) => {
    const taken = new Map<string, string>();
    for (const [index, { name, aliases }] of services.entries())
      for (const label of [name, ...aliases]) {
        const other = taken.get(label);
        if (other !== undefined)
          context.addIssue({
            code: 'custom',
            path: [index, label === name ? 'name' : 'aliases'],
            message: `"${label}" is the name of another service, or twice that of one`,
          });
        taken.set(label, name);
      }
  });
