import { z } from 'zod';
import { jobLimitsSchema } from '../machine/machine-options.js';
import { serviceOptions } from '../machine/service-spec.js';
import { variableName } from '../values/environment.js';

/** The whole of what a job of a CI runner calls an image, such as `node:20`; `*` stands for any text. */
const match = z.string().min(1).max(255);

/** What a machine is made with for jobs whose image is of this kind. */
const runnerImageSchema = z.strictObject({
  match,
  /** Alias of an Incus image; the configured one when left out. */
  image: z.string().min(1).max(255).optional(),
  limits: jobLimitsSchema.default({}),
  instanceType: z.enum(['container', 'virtual-machine']).default('container'),
  extraProfiles: z.array(z.string().min(1)).default([]),
});

/** What stands for a job's services of this kind. */
const runnerServiceSchema = z.strictObject({
  match,
  /** Names of the job's variables that it gets as well, beside those that the job gives the service itself. */
  variables: z.array(variableName).max(100).default([]),
  ...serviceOptions,
});

/** In their order: the first that matches counts. A job whose image none matches is refused. */
export const runnerImagesSchema = z.array(runnerImageSchema).max(1000).default([]);
/** In their order: the first that matches counts. A job with a service that none matches is refused. */
export const runnerServicesSchema = z.array(runnerServiceSchema).max(1000).default([]);

type RunnerImage = z.output<typeof runnerImageSchema>;
export type RunnerServiceKind = z.output<typeof runnerServiceSchema>;

/** What the jobs of a runner may ask for by name. */
export interface RunnerImages {
  readonly images: readonly RunnerImage[];
  readonly services: readonly RunnerServiceKind[];
}

/** What a job's `image:` stands for; null when nothing does. A job that names none gets the configured image. */
export function machineForImage(
  image: string | null,
  { images }: Pick<RunnerImages, 'images'>,
): Omit<RunnerImage, 'match'> | null {
  if (image === null) return { limits: {}, instanceType: 'container', extraProfiles: [] };
  return images.find(({ match }) => isMatched(match.split('*'), image)) ?? null;
}

/** What stands for a service of a job; null when nothing does. */
export function serviceForImage(
  image: string,
  { services }: Pick<RunnerImages, 'services'>,
): RunnerServiceKind | null {
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
