import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { escapeMessage } from '../../output/escape-control.js';
import { complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault } from '../machine/machine-session.js';
import { runScriptFile } from '../runner/run-script-file.js';
import { entryPointWords } from './entry-point-words.js';
import type { Hook } from './hook.js';
import type { HookState, ScriptStepArgs } from './hook-call.js';
import { knownSecrets } from './known-secrets.js';
import { stepFiles } from './step-files.js';

/** Where the scripts of a job are put: not in what the runner shares with it. */
export const SCRIPTS_DIR = '/var/lib/pikaci-github';
/** The runner sends INT, TERM after 7.5 s, and KILL after 2.5 s more (`ProcessInvoker.cs`). */
const GRACE_SECS = 5;

/** `run_script_step`: runs one step of the job in its machine. The status is the step's own. */
export async function runScriptStep(
  { context, pikaci }: Hook,
  args: ScriptStepArgs,
  { machine: id, environment }: HookState,
): Promise<number> {
  if (id === undefined) {
    complain(context, 'state.machine is not there: prepare_job has made no machine for this job');
    return EXIT.usage;
  }
  const words = entryPointWords([args.entryPoint, ...args.entryPointArgs]);
  if (words.isErr()) {
    complain(context, words.error);
    return EXIT.usage;
  }
  const step = `s-${Buffer.from(context.input.randomBytes(6)).toString('hex')}`;
  const path = `${SCRIPTS_DIR}/${step}`;
  const variables = { ...environment, ...args.environmentVariables };
  const { script, preload, leftOut } = stepFiles({
    words: words.value,
    environment: variables,
    prependPath: args.prependPath,
    workingDirectory: args.workingDirectory || null,
    preloadPath: `${path}.cjs`,
  });
  if (leftOut.length > 0)
    complain(context, `a shell cannot set these variables, and the step does without: ${leftOut.join(', ')}`);
  const attached = await pikaci.attachMachine(id, { signal: context.interrupts.signal });
  if (attached.isErr()) return complainOfFault(context, attached.error);
  const machine = attached.value;
  const own = await mkdtemp(join(tmpdir(), 'pikaci-github-'));
  try {
    const texts = [
      { path, text: script },
      ...(preload === null ? [] : [{ path: `${path}.cjs`, text: preload }]),
    ];
    const files = texts.map((file, index) => ({ ...file, local: join(own, String(index)) }));
    for (const { local, text } of files) await writeFile(local, text, { mode: 0o600 });
    const run = () =>
      runScriptFile(context, machine, {
        step,
        files,
        command: ['sh', path],
        secrets: knownSecrets(variables),
        graceSecs: GRACE_SECS,
      });
    let ran = await run();
    if (ran.isErr() && ran.error.kind === 'machine_busy' && ran.error.runs !== undefined) {
      // A runner has one step at a time: the call of that one was killed, and what is always run comes behind it.
      await machine.cancelStep(ran.error.runs);
      ran = await run();
    }
    if (ran.isErr()) return complainOfFault(context, ran.error);
    const { status, cause, exitCode, message } = ran.value;
    if (status === 'passed') return EXIT.passed;
    if (cause !== 'exit') context.stderr.write(`pikaci: the step ${escapeMessage(message)}\n`);
    if (status === 'cancelled') return EXIT.cancelled;
    return exitCode ?? EXIT.systemFailure;
  } finally {
    await rm(own, { recursive: true, force: true });
    const left = await machine.leave();
    if (left.isErr()) complain(context, `the lease of ${id} was not renewed: ${left.error.message}`);
  }
}
