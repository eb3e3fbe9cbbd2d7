import { err, ok, type Result } from 'neverthrow';
import { withRecordedShells } from '../../domain/job/job-shells.js';
import type { PlanRecord } from '../../domain/records/plan-record.js';
import type { RunRecord } from '../../domain/records/run-record.js';
import { makePlan, type Plan } from '../../domain/target/plan.js';
import type { TargetConfig, TargetConfigInput } from '../../domain/target/target-config.js';
import { findTarget } from './find-target.js';

export interface RecordedRun {
  readonly run: RunRecord;
  readonly plan: PlanRecord;
}

/** The recorded plan, made again; one that this version would make otherwise is not gone on with. */
export function planOf({
  run,
  plan: recorded,
}: RecordedRun): Result<{ target: TargetConfig; plan: Plan }, string> {
  if (recorded.target === null) return err(`the records of ${run.run_id} do not say what its target was`);
  const definition = withRecordedShells(recorded.target) as TargetConfigInput;
  const target = findTarget({}, { target: run.target_id ?? '', definition });
  if (target.isErr()) return err(target.error.message);
  const plan = makePlan(target.value, recorded.selected_jobs);
  if (plan.isErr()) return err(plan.error.message);
  const ids = (nodes: readonly { readonly id: string }[]) =>
    nodes
      .map(({ id }) => id)
      .sort()
      .join('\n');
  if (ids(plan.value.nodes) !== ids(recorded.nodes))
    return err(
      `the plan of ${run.run_id} is another than this pikaci makes of its target; "pikaci rerun ${run.run_id}" runs it again`,
    );
  return ok({ target: target.value, plan: plan.value });
}
