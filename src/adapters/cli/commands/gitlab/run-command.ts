import { open, readFile, writeFile } from 'node:fs/promises';
import { err, ok, type Result } from 'neverthrow';
import type { OpenMachine } from '../../../../application/open-machine/open-machine.js';
import type { StepResult } from '../../../../application/open-machine/run-step.js';
import { escapeMessage } from '../../output/escape-control.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { runScriptFile } from '../runner/run-script-file.js';
import type { HostOptions } from '../with-pikaci.js';
import { type GitlabCall, secretsOf } from './gitlab-call.js';
import { type GitlabStage, gitlabStage, type StageEnd, systemFailed } from './gitlab-stage.js';
import { SCRIPTS_DIR } from './prepare-command.js';

/** Bytes of a script in which its interpreter stands. */
const FIRST_LINE = 256;

/** `pikaci gitlab run SCRIPT STAGE`, the runner's `run_exec`: runs one script of the job in its machine. */
export function gitlabRunCommand(
  context: CliContext,
  script: string,
  stageName: string,
  options: HostOptions,
): Promise<number> {
  return gitlabStage(context, options, (stage) => run(context, stage, { script, stageName }));
}

async function run(
  context: CliContext,
  { call, machineId, pikaci }: GitlabStage,
  { script, stageName }: { readonly script: string; readonly stageName: string },
): Promise<StageEnd> {
  const { signal } = context.interrupts;
  const shell = await shellOf(script);
  const secrets = await secretsOfCall(call);
  const known = shell.andThen((words) => secrets.map((values) => ({ shell: words, secrets: values })));
  if (known.isErr()) {
    complain(context, known.error);
    return 'system_failed';
  }
  const attached = await pikaci.attachMachine(machineId, { signal });
  if (attached.isErr()) return systemFailed(context, attached.error);
  const machine = attached.value;
  const end = await runScript(context, machine, {
    script,
    call,
    step: newStepId(stageName, context.input.randomBytes(4)),
    ...known.value,
  });
  const left = await machine.leave();
  if (left.isErr()) complain(context, `the lease of ${machineId} was not renewed: ${left.error.message}`);
  return end;
}

/** A part of a job may be called again, and `step_*` is named by the job. */
function newStepId(stageName: string, suffix: Uint8Array): string {
  const name = stageName
    .toLowerCase()
    .replaceAll(/[^a-z0-9_-]+/g, '_')
    .slice(0, 48);
  return `s-${name}-${Buffer.from(suffix).toString('hex')}`;
}

async function runScript(
  context: CliContext,
  machine: OpenMachine,
  {
    script,
    call,
    step,
    shell,
    secrets,
  }: {
    readonly script: string;
    readonly call: GitlabCall;
    readonly step: string;
    readonly shell: readonly string[];
    readonly secrets: Record<string, string>;
  },
): Promise<StageEnd> {
  const result = await runScriptFile(context, machine, {
    step,
    files: [{ local: script, path: `${SCRIPTS_DIR}/${step}` }],
    command: [...shell, `${SCRIPTS_DIR}/${step}`],
    secrets,
  });
  if (result.isErr()) return systemFailed(context, result.error);
  return await told(context, call, result.value);
}

async function told(
  context: CliContext,
  { exitCodeFile }: GitlabCall,
  { status, cause, exitCode, message }: StepResult,
): Promise<StageEnd> {
  if (status === 'passed') return 'passed';
  if (cause !== 'exit') context.stderr.write(`pikaci: the script ${escapeMessage(message)}\n`);
  // Where there is no code of the script's own, the machine is at fault, or whoever has cancelled it.
  if (exitCode === null || status === 'cancelled') return 'system_failed';
  if (exitCodeFile !== null) {
    try {
      await writeFile(exitCodeFile, String(exitCode));
    } catch (error) {
      complain(
        context,
        `the exit code ${exitCode} could not be written for the runner: ${(error as Error).message}`,
      );
    }
  }
  return 'build_failed';
}

/** The words before the script's path. */
async function shellOf(script: string): Promise<Result<readonly string[], string>> {
  try {
    await using file = await open(script, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(FIRST_LINE), 0, FIRST_LINE, 0);
    const [line = ''] = buffer.toString('utf8', 0, bytesRead).split('\n', 1);
    if (!line.startsWith('#!')) return ok(['sh']);
    if (/\bbash\b/.test(line)) return ok(['bash']);
    return /\b(?:sh|dash|ash)\b/.test(line)
      ? ok(['sh'])
      : err(
          `the script is for ${JSON.stringify(line.slice(2).trim())}; set shell = "bash" or "sh" in the runner's configuration`,
        );
  } catch (error) {
    return err(`the script of the runner cannot be read: ${(error as Error).message}`);
  }
}

async function secretsOfCall(call: GitlabCall): Promise<Result<Record<string, string>, string>> {
  const { jobResponseFile } = call;
  try {
    const response = jobResponseFile === null ? null : await readFile(jobResponseFile, 'utf8');
    return secretsOf(response, call).mapErr((why) => `JOB_RESPONSE_FILE ${why}`);
  } catch (error) {
    return err(`JOB_RESPONSE_FILE cannot be read: ${(error as Error).message}`);
  }
}
