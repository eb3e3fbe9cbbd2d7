import { z } from 'zod';
import { guestUser, jobLimitsSchema, oneUser } from '../machine/machine-options.js';
import { serviceOptions } from '../machine/service-spec.js';
import { variableName } from '../values/environment.js';
import { isNormalisedAbsolutePath, pathError } from '../values/path-rules.js';

const directory = z
  .string()
  .refine(isNormalisedAbsolutePath, pathError('must be an absolute, normalised path in the machine'));

/** What a machine is made with for jobs whose `image:` is of this kind. */
const gitlabImageSchema = z.strictObject({
  /** The whole of what a job calls its image, such as `node:20`; `*` stands for any text. */
  match: z.string().min(1).max(255),
  /** Alias of an Incus image; the configured one when left out. */
  image: z.string().min(1).max(255).optional(),
  limits: jobLimitsSchema.default({}),
  instanceType: z.enum(['container', 'virtual-machine']).default('container'),
  extraProfiles: z.array(z.string().min(1)).default([]),
});

/** What stands for a job's `services:` of this kind. */
const gitlabServiceSchema = z.strictObject({
  /** The whole of what a job calls the service's image, such as `postgres:16`; `*` stands for any text. */
  match: z.string().min(1).max(255),
  /** Names of the job's variables that it gets as well, beside those that the job gives the service itself. */
  variables: z.array(variableName).max(100).default([]),
  ...serviceOptions,
});

/** How the jobs of a GitLab Runner are run (docs/gitlab.md). */
export const gitlabConfigSchema = z
  .strictObject({
    /** In their order: the first that matches counts. A job whose image none matches is refused. */
    images: z.array(gitlabImageSchema).max(1000).default([]),
    /** In their order: the first that matches counts. A job with a service that none matches is refused. */
    services: z.array(gitlabServiceSchema).max(1000).default([]),
    /** Who runs the scripts: root, as with GitLab's Docker executor, or a user of the machine. */
    runAsRoot: z.boolean().optional(),
    user: guestUser,
    /** A `gitlab-runner` for Linux on this machine, which each machine gets: caches and artifacts need one there. Relative to the config's folder. */
    runner: z.string().min(1).optional(),
    buildsDir: directory.default('/builds'),
    cacheDir: directory.default('/cache'),
    /** In seconds: how long a machine stays when no call of the runner uses it. */
    leaseSecs: z
      .number()
      .int()
      .min(30)
      .max(7 * 24 * 3600)
      .default(1800),
  })
  .superRefine(oneUser);
export type GitlabConfig = z.output<typeof gitlabConfigSchema>;
export type GitlabImage = z.output<typeof gitlabImageSchema>;
export type GitlabServiceKind = z.output<typeof gitlabServiceSchema>;

/** What a job's `image:` stands for; null when nothing does. A job that names none gets the configured image. */
export function machineForImage(
  image: string | null,
  { images }: Pick<GitlabConfig, 'images'>,
): Omit<GitlabImage, 'match'> | null {
  if (image === null) return { limits: {}, instanceType: 'container', extraProfiles: [] };
  return images.find(({ match }) => isMatched(match.split('*'), image)) ?? null;
}

/** What stands for a service of a job; null when nothing does. */
export function serviceForImage(
  image: string,
  { services }: Pick<GitlabConfig, 'services'>,
): GitlabServiceKind | null {
  return services.find(({ match }) => isMatched(match.split('*'), image)) ?? null;
}

/** Linear in the text: a name comes from a job. */
function isMatched([first = '', ...parts]: readonly string[], text: string): boolean {
  if (parts.length === 0) return text === first;
  const last = parts.pop() ?? '';
  if (text.length < first.length + last.length || !text.startsWith(first) || !text.endsWith(last))
    return false;
  const end = text.length - last.length;
  let at = first.length;
  for (const part of parts) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}
