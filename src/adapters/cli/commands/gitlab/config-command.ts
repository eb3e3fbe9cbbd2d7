import { packageVersion } from '../../process/version.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { type HostOptions, loadOrComplain } from '../with-pikaci.js';
import { gitlabCallOf, MACHINE_VARIABLE } from './gitlab-call.js';

/**
 * `pikaci gitlab config`, the runner's `config_exec`: one JSON object on standard output. Each try of a job to be prepared begins with
 * it, so each has a machine of its own name.
 */
export async function gitlabConfigCommand(context: CliContext, options: HostOptions): Promise<number> {
  const { env, randomBytes } = context.input;
  const call = gitlabCallOf(env);
  if (call.isErr()) {
    complain(context, call.error);
    return EXIT.usage;
  }
  const loaded = await loadOrComplain(context, options, { needsFile: true });
  if (loaded === null) return call.value.systemFailure;
  const { buildsDir, cacheDir } = loaded.config.gitlab;
  const suffix = Buffer.from(randomBytes(4)).toString('hex');
  const machine = `gitlab-${call.value.jobId ?? 'job'}-${suffix}`;
  context.stdout.write(
    `${JSON.stringify({
      driver: { name: 'pikaci', version: packageVersion() },
      hostname: machine,
      builds_dir: buildsDir,
      cache_dir: cacheDir,
      builds_dir_is_shared: false,
      job_env: { [MACHINE_VARIABLE]: machine },
    })}\n`,
  );
  return EXIT.passed;
}
