import { z } from 'zod';
import { incusImageIdentitySchema, machineAcquiredSchema } from '../job/job-outcome.js';
import { jobServicesRecordSchema } from '../job/service-record.js';

/** `machines/<id>/machine.json`: all that another process needs to take an open machine up. Holds its owner token, and no secret of a step. */
export const machineRecordSchema = z.looseObject({
  schema_version: z.literal(1),
  machine_id: z.string(),
  created_at: z.string(),
  host: z.string(),
  backend: z.enum(['incus', 'microvm']),
  work_dir: z.string(),
  workspace: z.string().nullable(),
  snapshot_hash: z.string().nullable(),
  /** The machine as it was asked for, in the caller's own form. */
  spec: z.record(z.string(), z.unknown()),
  /** Compared with the lease's: who has it may renew and release the machine. */
  owner: z.string(),
  incus_project: z.string().nullable(),
  /** SHA-256 of the certificate of the daemon that has the machine; left out where that is not known, as in records before 0.2. */
  incus_daemon: z.string().optional(),
  incus_image: incusImageIdentitySchema.nullable(),
  instance_name: z.string(),
  /** Whether the machine had waited; left out where none wait. */
  acquired: machineAcquiredSchema.optional(),
  /** Which machine of this id it is. Records before 0.2 lack it. */
  acquisition: z.string().optional(),
  /** The instance that it was copied from, and whose that was; left out for a machine that is no fork. */
  forked_from: z
    .looseObject({
      instance_name: z.string(),
      run_id: z.string().optional(),
      job_id: z.string().optional(),
      machine_id: z.string().optional(),
    })
    .optional(),
  /** The machines beside it. */
  services: jobServicesRecordSchema.optional(),
  /** When it was released; null while it may be there. */
  released_at: z.string().nullable(),
  /** When it was found to be gone without a release: its lease had ended, or somebody had removed it. */
  gone_at: z.string().optional(),
});
/** What is recorded of an open machine. Times are ISO 8601; `released_at` is null while it may be there. */
export type MachineRecord = z.infer<typeof machineRecordSchema>;

/** How one step of an open machine ended. */
export const stepOutcomeSchema = z.looseObject({
  status: z.enum(['passed', 'failed', 'cancelled']),
  cause: z.enum(['exit', 'oom', 'disk_full', 'timeout', 'cancelled', 'lost', 'invalid_request', 'setup']),
  exit_code: z.number().int().nullable(),
  message: z.string(),
  finished_at: z.string(),
  /** Bytes of the step's log in the machine, and as it was kept (masked and capped). */
  log_bytes: z.number().int().nonnegative(),
  kept_log_bytes: z.number().int().nonnegative(),
  /** Whether the kept log ends at its cap (`maxLogBytes`), and the step wrote more. Records of before 0.2 lack it. */
  log_cut: z.boolean().optional(),
  /** What else there is to say, such as that its log could not be written to its end, or was cut; left out when that is nothing. */
  warnings: z.array(z.string()).optional(),
});
/** How one step of an open machine ended. Times are ISO 8601, sizes in bytes. */
export type StepOutcome = z.infer<typeof stepOutcomeSchema>;

/** `machines/<id>/steps/<step>/step.json`. */
export const stepRecordSchema = z.looseObject({
  schema_version: z.literal(1),
  machine_id: z.string(),
  step_id: z.string(),
  started_at: z.string(),
  /** The step as it was asked for, without its secrets. */
  spec: z.record(z.string(), z.unknown()),
  secret_names: z.array(z.string()),
  /** Null while it may run. */
  outcome: stepOutcomeSchema.nullable(),
});
/** What is recorded of one step of an open machine; `outcome` is null while it may run. */
export type StepRecord = z.infer<typeof stepRecordSchema>;
