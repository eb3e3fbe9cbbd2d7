import type { NodeCondition } from '../../domain/values/node-condition.js';

/** How a node ended, as far as the plan goes. */
export type NodeVerdict = 'passed' | 'failed' | 'cancelled' | 'detached';

/** Why a node did not begin: `cause` is the node whose failure it is, `reason` a sentence. `not_needed`: its `when` does not apply. */
export type SkipReason =
  | { readonly kind: 'skipped'; readonly cause: string; readonly reason: string }
  | { readonly kind: 'not_needed'; readonly reason: string }
  | { readonly kind: 'interrupted' };

export interface PlanStep {
  readonly id: string;
  readonly dependsOn: readonly string[];
  /** Those of them without which it cannot begin, whatever `when` says. */
  readonly requires: readonly string[];
  /** Those of them whose outputs it has, or whose template its machines are copies of. */
  readonly outputs: readonly string[];
  readonly when: NodeCondition;
  readonly allowFailure: boolean;
}
