import { z } from 'zod';
import { allowanceShape, nodeConditionSchema } from '../values/node-condition.js';
import { preparedOutputProtocolSchema, preparedOutputResidencySchema } from './prepared-outputs-record.js';

const nodeBase = {
  id: z.string(),
  description: z.string().default(''),
  depends_on: z.array(z.string()).default([]),
  /** Left out: `on_success`. */
  when: nodeConditionSchema.optional(),
  ...allowanceShape,
};

/** What a prepare node does. */
export const prepareNodeSchema = z.discriminatedUnion('type', [
  z.looseObject({
    type: z.literal('nix_build'),
    installable: z.string(),
    output_name: z.string(),
    residency: preparedOutputResidencySchema.default('remote_authoritative'),
    handoff: z.looseObject({ protocol: preparedOutputProtocolSchema }).nullable().default(null),
  }),
  z.looseObject({ type: z.literal('command'), command: z.string(), inputs: z.array(z.string()).default([]) }),
  z.looseObject({ type: z.literal('path'), path: z.string() }),
  z.looseObject({
    type: z.literal('template'),
    from: z.string(),
    setup: z.string(),
    inputs: z.array(z.string()).default([]),
  }),
]);
export type PrepareNodeRecord = z.infer<typeof prepareNodeSchema>;

export const planNodeSchema = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('prepare'),
    ...nodeBase,
    /** `host_local`: on the runner's machine; `remote_host`: on the host; `remote_linux_vm`: in a machine. */
    executor: z.string(),
    prepare: prepareNodeSchema,
  }),
  z.looseObject({
    kind: z.literal('execute'),
    ...nodeBase,
    /** Jobs whose artifacts it mounts; left out when there are none. */
    artifacts_from: z.array(z.string()).optional(),
    executor: z.literal('remote_linux_vm'),
    execute: z.looseObject({
      type: z.literal('vm_command'),
      /** Empty when the job has steps. */
      command: z.string(),
      steps: z.array(z.looseObject({ id: z.string(), name: z.string() })).optional(),
      run_as_root: z.boolean(),
      timeout_secs: z.number().nonnegative(),
      writable_workspace: z.boolean(),
    }),
  }),
]);
/** A node of a plan: a prepare node or a job, and the nodes that it waits for. */
export type PlanNodeRecord = z.infer<typeof planNodeSchema>;

/** `runs/<run>/plan.json`: what a run is going to do, written before it does any of it. */
export const planRecordSchema = z.looseObject({
  schema_version: z.literal(1),
  run_id: z.string(),
  target_id: z.string().nullable().default(null),
  target_description: z.string().nullable().default(null),
  created_at: z.string(),
  scope: z.literal('post_host_setup_and_snapshot'),
  nodes: z.array(planNodeSchema),
  /** The target in the configuration's own form, with the names of its secrets and never their values: what `rerun` repeats. */
  target: z.record(z.string(), z.unknown()).nullable().default(null),
  /** Jobs that were asked for by name; empty when all were. */
  selected_jobs: z.array(z.string()).default([]),
});
/** `runs/<run>/plan.json`: the nodes of a run, and what was asked for. */
export type PlanRecord = z.infer<typeof planRecordSchema>;
