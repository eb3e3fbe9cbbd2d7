import { z } from 'zod';
import { isNormalisedAbsolutePath, pathError } from '../values/path-rules.js';
import { runnerImagesSchema, runnerServicesSchema } from './runner-images.js';

/** How the jobs of a GitHub Actions runner are run (docs/github.md). */
export const githubConfigSchema = z.strictObject({
  /** In their order: the first that matches counts. A job whose image none matches is refused. */
  images: runnerImagesSchema.refine(
    (images) => images.every(({ instanceType }) => instanceType === 'container'),
    { error: 'a virtual machine cannot have the directories of the runner: use containers' },
  ),
  /** In their order: the first that matches counts. A job with a service that none matches is refused. */
  services: runnerServicesSchema,
  /** Directories of the host that jobs may name in `volumes:` of their container, as they are written there. */
  volumes: z
    .array(z.string().refine(isNormalisedAbsolutePath, pathError('must be an absolute, normalised path')))
    .max(100)
    .default([]),
  /** In seconds: how long a machine stays when no call of the runner uses it. */
  leaseSecs: z
    .number()
    .int()
    .min(30)
    .max(7 * 24 * 3600)
    .default(1800),
});
export type GithubConfig = z.output<typeof githubConfigSchema>;
