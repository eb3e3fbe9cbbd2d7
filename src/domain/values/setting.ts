import { z } from 'zod';

/** A value that a command uses, and what it came from. */
export const settingSchema = z.looseObject({
  name: z.enum([
    'host',
    'backend',
    'incus.project',
    'incus.profile',
    'incus.image',
    /** Only where the backend is microvm; empty when a runner is built from a flake, or none is named. */
    'microvm.runner',
    'workDir',
    'stateRoot',
    'trust',
  ]),
  value: z.string(),
  /** `option`: the command line. `environment`: the variable in `from`. `config`: the file in `from`. */
  source: z.enum(['option', 'environment', 'config', 'default']),
  /** The option, the variable or the file; null for defaults. */
  from: z.string().nullable(),
});
export type Setting = z.infer<typeof settingSchema>;
