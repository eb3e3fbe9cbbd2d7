import { z } from 'zod';

/**
 * When a node begins. `on_success`: when all that it depends on has passed, or was allowed to fail. `on_failure`: when all of it has ended,
 * and something among it has failed. `always`: when all of it has ended, however.
 */
export const nodeConditionSchema = z.enum(['on_success', 'on_failure', 'always']);
/** When a node of a plan begins: after success, after a failure, or in either case. */
export type NodeCondition = z.infer<typeof nodeConditionSchema>;

/** Keys of a job or a prepare node in the configuration. */
export const conditionKeys = {
  /** `on_success` (unless said), `on_failure` or `always`. The last two wait, without `dependsOn`, for everything else of the run. */
  when: nodeConditionSchema.optional(),
  /** Its failure does not make the run fail, and what depends on it goes on as if it had passed. */
  allowFailure: z.boolean().optional(),
};

/** In records and events, of nodes that have it. */
export const allowanceShape = {
  /** Its failure does not count. */
  allow_failure: z.literal(true).optional(),
};
/** The same, of nodes that may be skipped. */
export const standingShape = {
  ...allowanceShape,
  /** It was skipped because its `when` did not apply, or because of one that was: nothing is missing. */
  not_needed: z.literal(true).optional(),
};

/** For records. */
export function allowance(node: { readonly allowFailure: boolean }): { allow_failure?: true } {
  return node.allowFailure ? { allow_failure: true } : {};
}

/** Whether it has failed, and that does not count. */
export function isAllowedToFail(node: {
  readonly status: string;
  readonly allow_failure?: true | undefined;
}): boolean {
  return node.status === 'failed' && node.allow_failure === true;
}
