import { z } from 'zod';
import { standingShape } from '../values/node-condition.js';
import { runJobStatusSchema, runStatusSchema } from './run-status.js';

/** Set on every event; `at` is ISO 8601 from the runner's clock. */
const common = { schema_version: z.literal(1), at: z.string(), run_id: z.string() };
const node = { ...common, node_id: z.string(), kind: z.enum(['prepare', 'execute']) };

/** What happens to a run and to the nodes of its plan, beside the events of its jobs; both are in `events.jsonl` and in `--output jsonl`. */
export const runEventSchema = z.discriminatedUnion('type', [
  z.looseObject({
    ...common,
    type: z.literal('run_started'),
    host: z.string(),
    target_id: z.string().nullable(),
    nodes: z.array(
      z.looseObject({
        id: z.string(),
        kind: z.enum(['prepare', 'execute']),
        depends_on: z.array(z.string()),
      }),
    ),
  }),
  z.looseObject({ ...node, type: z.literal('node_started') }),
  /** The workspace is sent for this node; not in `events.jsonl`. What a job sends is its `upload_progress`. */
  z.looseObject({
    ...node,
    type: z.literal('node_upload_progress'),
    bytes: z.number(),
    /** As reckoned before; what is sent may turn out a little more or less. */
    total_bytes: z.number(),
  }),
  /** The machine of a template waits for room in the project; why is said the first time. That of a job is a phase of the job. */
  z.looseObject({ ...node, type: z.literal('node_queued'), message: z.string() }),
  /** It has waited: `ok` is false when it gave up. */
  z.looseObject({
    ...node,
    type: z.literal('node_queue_left'),
    duration_ms: z.number(),
    ok: z.boolean(),
  }),
  z.looseObject({
    ...node,
    type: z.literal('node_finished'),
    status: runJobStatusSchema,
    ...standingShape,
    /** It has ended so in this run, which is repeated; here it is not run. */
    taken_over_from: z.string().optional(),
    /** 0 for a node that did not begin. */
    duration_ms: z.number(),
    /** True when an output of an earlier run was used. */
    cached: z.boolean(),
    /** Why, when it did not pass; empty otherwise. */
    message: z.string(),
  }),
  /** Something of the caller's that does not end the run, such as an event sink that throws. */
  z.looseObject({ ...common, type: z.literal('run_warning'), message: z.string() }),
  z.looseObject({
    ...common,
    type: z.literal('run_ended'),
    status: runStatusSchema,
    message: z.string(),
  }),
  /** The last line of a run: the machines of its jobs are gone, or left on purpose, or (`ok` false) one of them could not be removed. */
  z.looseObject({ ...common, type: z.literal('run_closed'), ok: z.boolean() }),
]);
/** An event of a run and of the nodes of its plan, as it is stored in `events.jsonl`. Times are ISO 8601. */
export type RunEvent = z.infer<typeof runEventSchema>;
