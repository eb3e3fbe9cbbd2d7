import { isAbsolute } from 'node:path';
import type { LoadedConfig } from '../../config/load-config.js';
import { type CliContext, complain, complainOfBug } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { type HostOptions, loadOrComplain, withPikaci } from '../with-pikaci.js';
import { cleanupJob } from './cleanup-job.js';
import type { Hook } from './hook.js';
import { type HookCall, hookCallOf } from './hook-call.js';
import { prepareJob } from './prepare-job.js';
import { runScriptStep } from './run-script-step.js';

/** A step has at most 1 MiB of variables; the payload of an event is a file. */
const LONGEST_CALL = 64 * 1024 * 1024;

/** `pikaci github hooks`: does what a GitHub Actions runner asks for on standard input. Any other status than 0 is a failed step for the runner. */
export async function githubHooksCommand(context: CliContext, options: HostOptions): Promise<number> {
  // The runner calls in the checkout of the job, which must not say what happens on the host.
  if (options.config === undefined || !isAbsolute(options.config)) {
    complain(
      context,
      'say which configuration counts, by its absolute path: in the variable PIKACI_GITHUB_CONFIG of the runner (its file .env), or as --config; the folder of the job is not asked',
    );
    return EXIT.usage;
  }
  const text = await readAll(context);
  if (text === null) {
    complain(context, `the runner's call has more than ${LONGEST_CALL} bytes`);
    return EXIT.usage;
  }
  const call = hookCallOf(text);
  if (call.isErr()) {
    complain(context, call.error);
    return EXIT.usage;
  }
  if (call.value.command === 'run_container_step') {
    complain(
      context,
      'a step that brings a container of its own (a Docker action, "uses: docker://…") cannot be run: a job has one machine, and no Docker outside of it; use an action in JavaScript, a composite one or "run:", or put the tool into the image',
    );
    return EXIT.failed;
  }
  try {
    const loaded = await loadOrComplain(context, options, { needsFile: true });
    if (loaded === null) return EXIT.usage;
    const unusable = whyUnusable(loaded);
    if (unusable !== null) {
      complain(context, unusable);
      return EXIT.usage;
    }
    const { value } = call;
    return await withPikaci(context, loaded, (pikaci) => carryOut({ context, loaded, pikaci }, value));
  } catch (error) {
    complainOfBug(context, error);
    return EXIT.systemFailure;
  }
}

function carryOut(hook: Hook, call: HookCall): Promise<number> {
  switch (call.command) {
    case 'prepare_job':
      return prepareJob(hook, call.args, call.responseFile);
    case 'run_script_step':
      return runScriptStep(hook, call.args, call.state);
    case 'cleanup_job':
      return cleanupJob(hook, call.state, call.responseFile);
    case 'run_container_step':
      throw new Error('it was refused before');
  }
}

function whyUnusable({ config, file }: LoadedConfig): string | null {
  const where = file ?? 'the configuration';
  if (config.host !== 'local')
    return `${where}: "host" must be "local": the directories of the runner are mounted, so it has to be on the host itself`;
  if (config.backend !== 'incus')
    return `${where}: "backend" must be "incus" for the jobs of a GitHub runner`;
  if (config.trust === 'untrusted')
    return `${where}: "trust" must be "trusted": what is not trusted gets no directories of the host, and a job of this runner works in them`;
  return null;
}

async function readAll({ input }: CliContext): Promise<string | null> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of input.stdin.read()) {
    length += part.length;
    if (length > LONGEST_CALL) return null;
    parts.push(part);
  }
  return Buffer.concat(parts)
    .toString('utf8')
    .replace(/^\uFEFF/, '');
}
