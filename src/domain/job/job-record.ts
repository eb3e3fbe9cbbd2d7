import { z } from 'zod';
import { processIdentitySchema } from '../values/process-identity.js';
import { jobCacheRecordSchema } from './cache-report.js';
import { incusImageIdentitySchema, jobOutcomeSchema, machineAcquiredSchema } from './job-outcome.js';
import { attemptsShape } from './job-retry.js';
import { jobServicesRecordSchema } from './service-record.js';

/** `jobs/<job>/job.json`: all that is needed to take a job up again. Never holds a secret, only the names of them. */
export const jobRecordSchema = z.looseObject({
  schema_version: z.literal(1),
  run_id: z.string(),
  job_id: z.string(),
  created_at: z.string(),
  host: z.string(),
  backend: z.enum(['incus', 'microvm']),
  /** The work directory on the host; records before 0.2 lack it. */
  work_dir: z.string().optional(),
  workspace: z.string(),
  snapshot_hash: z.string().nullable(),
  /** The job as it was handed in, in the configuration's own form, without its secrets. */
  job_spec: z.record(z.string(), z.unknown()),
  secret_names: z.array(z.string()),
  incus_project: z.string().nullable(),
  incus_profile: z.string().nullable(),
  /** SHA-256 of the certificate of the daemon that has the machine; left out where that is not known, as in records before 0.2. */
  incus_daemon: z.string().optional(),
  /** The member of the cluster that was chosen for it, and why; left out where none was. */
  incus_member: z.string().optional(),
  placed_because: z.string().optional(),
  incus_image: incusImageIdentitySchema.nullable(),
  /** The instance of the template whose copy the machine is; left out for one that was made from the image itself. */
  template_instance: z.string().optional(),
  instance_name: z.string().nullable(),
  /** Whether the machine had waited for the job; left out where none wait. */
  acquired: machineAcquiredSchema.optional(),
  /** Which machine of these ids is the job's. Records before 0.2 lack it. */
  acquisition: z.string().optional(),
  /** What was checked out in the workspace; left out where that is not known, as in records before 0.2. */
  git_head: z.string().optional(),
  git_branch: z.string().optional(),
  /** Of the run, from 1; left out where it is not known. */
  run_attempt: z.number().int().positive().optional(),
  /** The span of the job (W3C Trace Context), which its commands are told as well; left out where there is no trace. */
  traceparent: z.string().optional(),
  ...attemptsShape,
  /** Its runner is to begin another attempt behind this outcome. */
  will_retry: z.literal(true).optional(),
  /** Which runner that is; left out where `will_retry` is. Records of before 0.2 have neither. */
  retried_by: processIdentitySchema.optional(),
  /** When the machine was asked for; null before. */
  launched_at: z.string().nullable(),
  /**
   * From when on the machine may have had the job, which is noted before it is handed over; null before, when the job has not begun. Records
   * before 0.2 lack it.
   */
  handed_over_at: z.string().nullable().optional(),
  /** It is not known whether the job was handed over: the record was taken from a copy, and its runner may have died behind that. */
  hand_over_unknown: z.literal(true).optional(),
  /** The machine was to stay when the job fails: it is its lease's to end. */
  keep_on_failure: z.boolean().optional(),
  /** For how long. Records before 0.2 lack it. */
  keep_on_failure_secs: z.number().positive().optional(),
  /** What its caches had for it, and where they lie; left out for a job without caches. */
  caches: z.array(jobCacheRecordSchema).optional(),
  /** The machines beside it; left out for a job without, and until they are ready. */
  services: jobServicesRecordSchema.optional(),
  /** The target of its run; left out of a job without one, and in records before 0.2. */
  target_id: z.string().optional(),
  /** When a reaper has kept what was left of it on the host, as no runner had collected it. */
  kept_at: z.string().optional(),
  outcome: jobOutcomeSchema.nullable(),
  /** How the job ended, kept while its artifacts are brought back; `outcome` is null until they are. */
  ended: jobOutcomeSchema.optional(),
});
/** `jobs/<job>/job.json`: where a job is, who owns it, and how it ended; `outcome` is null until then. */
export type JobRecord = z.infer<typeof jobRecordSchema>;
