import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { OnAbort } from '../../../application/api/pikaci.js';
import type { RunTargetInput } from '../../../application/target/target-run.js';
import { parseChangedFiles } from '../../../domain/target/changed-files.js';
import { runIdAt } from '../../../domain/values/run-id.js';
import { resolveSecrets } from '../config/resolve-secrets.js';
import { type CliContext, complain } from '../session/cli-context.js';
import { EXIT } from '../session/exit-code.js';
import { runTargetSession } from '../session/target-session.js';
import { makeView, type ViewOptions } from './make-view.js';
import { selectTarget } from './select-target.js';
import { type HostOptions, loadOrComplain, withOptions, withPikaci } from './with-pikaci.js';

export interface RunOptions extends HostOptions, ViewOptions {
  readonly job: readonly string[];
  readonly runId?: string;
  readonly onInterrupt: OnAbort;
  readonly changedFiles?: string;
  readonly changedSince?: string;
  readonly branch?: string;
  readonly failFast?: boolean;
  readonly parallel?: number;
  /** Seconds. */
  readonly keepOnFailure?: number;
}

/** `pikaci run`: a target, under one run id. */
export async function runCommand(
  context: CliContext,
  target: string | undefined,
  options: RunOptions,
): Promise<number> {
  const { clock, env, randomBytes } = context.input;
  const loaded = await loadOrComplain(context, options, { needsFile: true, sendsWorkspace: true });
  if (loaded === null) return EXIT.usage;
  const selected = selectTarget({ targets: loaded.config.targets, target, jobs: options.job });
  if (selected.isErr()) {
    complain(context, selected.error);
    return EXIT.usage;
  }
  const secrets = resolveSecrets({ loaded, env, ...selected.value });
  if (secrets.isErr()) {
    complain(context, secrets.error.message);
    return EXIT.usage;
  }
  const changed = await changedFiles(context, options.changedFiles);
  if (changed === null) return EXIT.usage;
  const runId = options.runId ?? runIdAt(clock.now(), randomBytes(3));
  return withPikaci(context, loaded, async (pikaci) =>
    runTargetSession({
      runId,
      host: pikaci.host,
      target: selected.value.targetName,
      jobIds: selected.value.jobIds,
      start: (call) =>
        pikaci.runTarget({
          ...call,
          target: selected.value.targetName,
          workspace: loaded.workspace,
          runId,
          jobs: options.job,
          secrets: secrets.value,
          ...changed,
          ...chosen(options),
        }),
      onAbort: options.onInterrupt,
      where: withOptions(options),
      view: await makeView(options, context),
      interrupts: context.interrupts,
      clock,
    }),
  );
}

function chosen(options: RunOptions): Partial<RunTargetInput> {
  const { branch, changedSince, failFast, parallel, keepOnFailure } = options;
  return {
    ...(changedSince === undefined ? {} : { changedSince }),
    ...(branch === undefined ? {} : { branch }),
    ...(failFast === undefined ? {} : { failFast }),
    ...(parallel === undefined ? {} : { parallel }),
    ...(keepOnFailure === undefined ? {} : { keepOnFailureSecs: keepOnFailure }),
  };
}

/** As `git diff --name-only` prints them, with or without `-z`; null after it was said that the file cannot be read. */
async function changedFiles(
  context: CliContext,
  file: string | undefined,
): Promise<Pick<RunTargetInput, 'changedFiles'> | null> {
  if (file === undefined) return {};
  const path = resolve(context.input.cwd, file);
  try {
    return { changedFiles: parseChangedFiles(await readFile(path)) };
  } catch (error) {
    complain(context, `--changed-files ${path}: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}
