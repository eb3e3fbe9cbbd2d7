import { err, ok, type Result } from 'neverthrow';
import type { PikaciConfig, TargetConfig } from '../../../domain/config.js';

export interface Selection {
  readonly targetName: string;
  readonly target: TargetConfig;
  readonly jobIds: ReadonlySet<string>;
}

export interface SelectionInput {
  readonly targets: PikaciConfig['targets'];
  /** Without one, the only one there is. */
  readonly target: string | undefined;
  /** All of the target's when empty. */
  readonly jobs: readonly string[];
}

/** Which jobs are meant. The error is a sentence that lists what there is. */
export function selectJobs({ targets, target, jobs }: SelectionInput): Result<Selection, string> {
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
  const known = chosen.jobs.map((job) => job.id);
  const unknown = jobs.filter((id) => !known.includes(id));
  if (unknown.length > 0) {
    return err(`target "${targetName}" has no job ${unknown.join(', ')}; it has ${known.join(', ')}`);
  }
  return ok({ targetName, target: chosen, jobIds: new Set(jobs.length === 0 ? known : jobs) });
}
