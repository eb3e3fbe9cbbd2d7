import { z } from 'zod';
import { pikaciConfigSchema } from './config.js';

/**
 * The JSON Schema (draft 2020-12) of what a user writes in `pikaci.config.json`, for editors; published as
 * `pikaci/config.schema.json`. It says less than the zod schema: rules across fields and of paths are checked on reading.
 */
export function configJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(pikaciConfigSchema, { io: 'input' }), title: 'pikaci.config.json' };
}
