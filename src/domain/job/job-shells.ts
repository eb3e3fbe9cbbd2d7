import { OLD_SHELL, shellOf } from '../machine/command-shell.js';
import type { JobStep } from './job-step.js';

interface Commands {
  readonly command?: string | undefined;
  readonly shell?: readonly string[] | undefined;
  readonly steps?: readonly JobStep[] | undefined;
}

/** Names the shell of every command, so that a record says what its commands meant. A job's own shell is that of its steps. */
export function withShells<T extends Commands>(job: T) {
  const { shell: asked, ...rest } = job;
  const steps = job.steps?.map((step) => ({ ...step, shell: shellOf(step.command, step.shell ?? asked) }));
  return {
    ...rest,
    ...(job.command === undefined ? {} : { shell: shellOf(job.command, asked) }),
    ...(steps === undefined ? {} : { steps }),
  };
}

/** A recorded job or prepare node from before commands had a shell in their records: it keeps the old one. */
export function withRecordedShell<T extends object>(recorded: T): T & { readonly shell?: unknown } {
  if ('shell' in recorded || 'steps' in recorded) return withOldSteps(recorded);
  return 'command' in recorded ? { ...recorded, shell: [...OLD_SHELL] } : recorded;
}

function withOldSteps<T extends object>(recorded: T): T {
  if (!('steps' in recorded) || !Array.isArray(recorded.steps)) return recorded;
  const steps = recorded.steps.map((step: unknown) =>
    typeof step === 'object' && step !== null && !('shell' in step)
      ? { ...step, shell: [...OLD_SHELL] }
      : step,
  );
  return { ...recorded, steps };
}

/** The same for all of a recorded target. */
export function withRecordedShells(target: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const each = (list: unknown): unknown =>
    Array.isArray(list)
      ? list.map((one: unknown) => (typeof one === 'object' && one !== null ? withRecordedShell(one) : one))
      : list;
  return {
    ...target,
    ...(target['jobs'] === undefined ? {} : { jobs: each(target['jobs']) }),
    ...(target['prepare'] === undefined ? {} : { prepare: each(target['prepare']) }),
  };
}
