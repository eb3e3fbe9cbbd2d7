import { err, ok, type Result } from 'neverthrow';
import type { PikaciConfig } from '../../../domain/config/config.js';
import { makePlan } from '../../../domain/target/plan.js';
import type { TargetConfig } from '../../../domain/target/target-config.js';

export interface Selection {
  readonly targetName: string;
  readonly target: TargetConfig;
  /** Of the jobs that will run, in the plan's order. */
  readonly jobIds: readonly string[];
  /** The same jobs as the configuration names them, without their matrix values. */
  readonly baseIds: ReadonlySet<string>;
}

export interface SelectionInput {
  readonly targets: PikaciConfig['targets'];
  /** Without one, the only one there is. */
  readonly target: string | undefined;
  /** All of the target's when empty. */
  readonly jobs: readonly string[];
}

/** Which jobs are meant. The error is a sentence that lists what there is. */
export function selectTarget({ targets, target, jobs }: SelectionInput): Result<Selection, string> {
  const names = Object.keys(targets);
  if (names.length === 0) {
    return err('the configuration has no targets; "pikaci init" writes an example of one');
  }
  if (target === undefined && names.length > 1) {
    return err(`which target? pikaci run ${names.join(' | ')}`);
  }
  const targetName = target ?? names[0] ?? '';
  const chosen = Object.hasOwn(targets, targetName) ? targets[targetName] : undefined;
  if (chosen === undefined) {
    return err(`there is no target "${targetName}"; the configuration has ${names.join(', ')}`);
  }
  const plan = makePlan(chosen, jobs);
  if (plan.isErr()) {
    const { kind, path, message } = plan.error;
    const known = chosen.jobs.map((job) => job.id).join(', ');
    return err(
      kind === 'unknown_job'
        ? `target "${targetName}" has no job ${path.join()}; it has ${known}`
        : `target "${targetName}": ${message}`,
    );
  }
  const planned = plan.value.nodes.flatMap((node) => (node.kind === 'execute' ? [node] : []));
  return ok({
    targetName,
    target: chosen,
    jobIds: planned.map((node) => node.id),
    baseIds: new Set(planned.map((node) => node.baseId)),
  });
}
