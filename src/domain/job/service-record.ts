import { z } from 'zod';

const machineShape = {
  name: z.string(),
  /** What the machine's name and its directory on the host are made of, beside the run's id. */
  machine_id: z.string(),
  instance_name: z.string(),
  acquisition: z.string().nullable(),
} as const;

/** `services/<name>/machine.json`: a service's machine, from before it is made. What a killed runner has left is known by it, though the job never began. */
export const serviceMachineRecordSchema = z.looseObject({ schema_version: z.literal(1), ...machineShape });
/** What is recorded of a service's machine before it is made. */
export type ServiceMachineRecord = z.infer<typeof serviceMachineRecordSchema>;

/** What `job.json` has of a job's services: all that a runner needs that takes the job up. */
export const jobServicesRecordSchema = z.looseObject({
  network: z.looseObject({
    name: z.string(),
    /** Made for this job, and removed with it. */
    own: z.boolean(),
  }),
  machines: z.array(
    z.looseObject({
      ...machineShape,
      ready_ms: z.number().nonnegative().nullable(),
    }),
  ),
});
/** What is recorded of a job's services while it runs. */
export type JobServicesRecord = z.infer<typeof jobServicesRecordSchema>;

/** How a service of a job was when the job had ended. */
export const serviceReportSchema = z.looseObject({
  name: z.string(),
  /** `running`: to the end of the job. `ended`: before it. `not_ready`: it was not ready in time, and the job did not begin. */
  status: z.enum(['running', 'ended', 'not_ready']),
  /** Of one that ended; null when nobody knows. */
  exit_code: z.number().int().nullable(),
  /** Why it ended, or was not ready; empty for one that ran. */
  message: z.string(),
  /** From the start of its command; null when it was not ready. */
  ready_ms: z.number().nonnegative().nullable(),
  /** Of its log, as it is kept. */
  log_bytes: z.number().int().nonnegative(),
});
/** How a service of a job was when the job had ended. Times are in milliseconds, sizes in bytes. */
export type ServiceReport = z.infer<typeof serviceReportSchema>;
