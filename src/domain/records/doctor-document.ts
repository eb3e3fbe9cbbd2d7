import { z } from 'zod';
import { settingSchema } from '../values/setting.js';

/** What `pikaci doctor --output json` prints. */
export const doctorDocumentSchema = z.looseObject({
  type: z.literal('doctor_report'),
  schema_version: z.literal(1),
  host: z.string(),
  settings: z.array(settingSchema).default([]),
  /** False when any check failed. */
  ok: z.boolean(),
  checks: z.array(
    z.looseObject({
      name: z.string(),
      status: z.enum(['ok', 'warning', 'failed', 'skipped']),
      detail: z.string(),
      remedy: z.string().nullable(),
    }),
  ),
});
export type DoctorDocument = z.infer<typeof doctorDocumentSchema>;
