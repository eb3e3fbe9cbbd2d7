import { z } from 'zod';
import { jobIdSchema } from '../values/identifier.js';

/** What waits is made as a job's machine is whose description says nothing. */
export const warmConfigSchema = z
  .strictObject({
    /** Machines that wait, at most; 0 for none. */
    size: z.number().int().nonnegative().max(64),
    /** Alias of the image; that of `incus.image` when left out. */
    image: z.string().min(1).optional(),
    /** Name of a template instead: copies of it wait (docs/warm-pool.md). */
    template: jobIdSchema.optional(),
    instanceType: z.enum(['container', 'virtual-machine']).default('container'),
    /** How long one waits before another takes its place. */
    maxAgeSecs: z
      .number()
      .int()
      .min(60)
      .max(7 * 24 * 3600)
      .default(3600),
  })
  .refine(({ image, template }) => image === undefined || template === undefined, {
    path: ['image'],
    error: 'a pool is of an image or of a template: leave one of "image" and "template" out',
  })
  .refine(({ instanceType, template }) => template === undefined || instanceType === 'container', {
    path: ['instanceType'],
    error: 'templates are containers: leave "instanceType" out beside "template"',
  });
