import { z } from 'zod';
import { collectedArtifactSchema } from '../job/artifact.js';
import { settingSchema } from '../values/setting.js';
import { planNodeSchema } from './plan-record.js';
import { runRecordSchema } from './run-record.js';
import { templateInfoDocumentSchema } from './template-documents.js';

const versioned = { schema_version: z.literal(1) };

/** What `pikaci list --output json` prints, the newest run first. */
export const runListDocumentSchema = z.looseObject({
  type: z.literal('run_list'),
  ...versioned,
  runs: z.array(runRecordSchema),
  /** Directories that look like runs and cannot be read. */
  damaged: z.array(z.looseObject({ run_id: z.string(), message: z.string() })),
});
export type RunListDocument = z.infer<typeof runListDocumentSchema>;

/** What `pikaci machine list --output json` prints, the newest first. */
export const machineListDocumentSchema = z.looseObject({
  type: z.literal('machine_list'),
  ...versioned,
  machines: z.array(
    z.looseObject({
      machine_id: z.string(),
      /** `opening`: a process is about to have it. `gone`: never released, and not on the host. `elsewhere`: of another host or backend. */
      state: z.enum(['opening', 'open', 'stopped', 'released', 'gone', 'elsewhere']),
      instance_name: z.string(),
      host: z.string(),
      created_at: z.string(),
      /** By the host's clock; null for one that is not open. */
      lease_ends_at: z.string().nullable(),
    }),
  ),
});
export type MachineListDocument = z.infer<typeof machineListDocumentSchema>;

/** What `pikaci gc --keep-runs N --output json` prints. The lists hold run ids. */
export const runGcDocumentSchema = z.looseObject({
  type: z.literal('run_gc_report'),
  ...versioned,
  dry_run: z.boolean(),
  removed: z.array(z.string()),
  /** Those among the removed whose record could not be read. */
  damaged: z.array(z.looseObject({ run_id: z.string(), message: z.string() })).default([]),
  kept: z.array(z.string()),
  failed: z.array(z.looseObject({ run_id: z.string(), message: z.string() })),
  /** Ids of open machines that are gone, whose records were removed; and of those that could not be. */
  removed_machines: z.array(z.string()).default([]),
  failed_machines: z.array(z.looseObject({ machine_id: z.string(), message: z.string() })).default([]),
});
export type RunGcDocument = z.infer<typeof runGcDocumentSchema>;

/** What `pikaci artifacts RUN --output json` prints. */
export const artifactsDocumentSchema = z.looseObject({
  type: z.literal('artifacts'),
  ...versioned,
  run_id: z.string(),
  jobs: z.array(
    z.looseObject({
      id: z.string(),
      /** Absolute; the paths are below it. */
      directory: z.string(),
      artifacts: z.array(collectedArtifactSchema),
      refused_count: z.number().int().nonnegative(),
      incomplete: z.string().nullable(),
    }),
  ),
});
export type ArtifactsDocument = z.infer<typeof artifactsDocumentSchema>;

const machineLimitsDocumentSchema = z.looseObject({
  cpu: z.number().nullable(),
  /** As Incus writes sizes, or a share of the host's, such as `80%`. */
  memory: z.string().nullable(),
  processes: z.number().nullable(),
  disk: z.string().nullable(),
});

/** What `pikaci target-info T --json` prints: what a run of the target would do. */
export const targetInfoDocumentSchema = z.looseObject({
  type: z.literal('target_info'),
  ...versioned,
  target_id: z.string(),
  description: z.string().nullable(),
  parallel: z.number(),
  fail_fast: z.boolean(),
  filters: z.array(z.string()),
  nodes: z.array(planNodeSchema),
  /** By the id of the job: what its machine may use at most; null is left to the profile, or to the runner of a microVM. */
  limits: z.record(z.string(), machineLimitsDocumentSchema).optional(),
  /** Of the jobs that have some, by the ids of their nodes; keys as the configuration has them. Sizes in bytes. */
  caches: z
    .record(
      z.string(),
      z.array(
        z.looseObject({
          path: z.string(),
          key: z.string(),
          restore_keys: z.array(z.string()),
          save: z.string(),
          max_bytes: z.number(),
        }),
      ),
    )
    .optional(),
  /** By the id of the job: the words that run its command, or those of each of its steps. Documents of before 0.2 lack it. */
  shells: z.record(z.string(), z.array(z.array(z.string()))).optional(),
  /** What jobs say of the machine that they wait for; null where they leave it to the supervisor. By job. */
  ready: z
    .record(
      z.string(),
      z.looseObject({
        init: z.boolean().nullable(),
        network: z.boolean().nullable(),
        command: z.string().nullable(),
        timeout_secs: z.number(),
      }),
    )
    .optional(),
  /** What machines inherit of the network of their host. */
  inherit: z
    .looseObject({
      ca: z.boolean(),
      proxy: z.boolean(),
      registries: z.boolean(),
      /** Without credentials. Left out, as what is behind it, where nothing is asked for or the host could not be asked. */
      variables: z.record(z.string(), z.string()).optional(),
      /** How many there are; a machine is given what its image lacks. */
      certificates: z.number().optional(),
      /** Paths in the machine. */
      files: z.array(z.string()).optional(),
      warnings: z.array(z.string()).optional(),
      /** Why it is not known what the host has. */
      problem: z.string().optional(),
    })
    .optional(),
  /** All of the target, also those that no job is a copy of. Left out where there are none, or the host could not be asked. */
  templates: z.array(templateInfoDocumentSchema).optional(),
  /** Why it is not known what there is of the templates. */
  templates_problem: z.string().optional(),
  /** What jobs get of the folder that is run: all but what these patterns name. */
  workspace: z.looseObject({ exclude: z.array(z.string()), git: z.string().optional() }).optional(),
});
export type TargetInfoDocument = z.infer<typeof targetInfoDocumentSchema>;

/** What `pikaci remote-defaults --json` prints. */
export const remoteDefaultsDocumentSchema = z.looseObject({
  type: z.literal('remote_defaults'),
  ...versioned,
  settings: z.array(settingSchema),
});
export type RemoteDefaultsDocument = z.infer<typeof remoteDefaultsDocumentSchema>;
