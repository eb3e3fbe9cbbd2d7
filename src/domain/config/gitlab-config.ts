import { z } from 'zod';
import { guestUser, oneUser } from '../machine/machine-options.js';
import { isNormalisedAbsolutePath, pathError } from '../values/path-rules.js';
import { runnerImagesSchema, runnerServicesSchema } from './runner-images.js';

const directory = z
  .string()
  .refine(isNormalisedAbsolutePath, pathError('must be an absolute, normalised path in the machine'));

/** How the jobs of a GitLab Runner are run (docs/gitlab.md). */
export const gitlabConfigSchema = z
  .strictObject({
    /** In their order: the first that matches counts. A job whose image none matches is refused. */
    images: runnerImagesSchema,
    /** In their order: the first that matches counts. A job with a service that none matches is refused. */
    services: runnerServicesSchema,
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
