import { fileURLToPath } from 'node:url';
import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { type HostOptions, loadOrComplain } from '../with-pikaci.js';

export interface GithubInitOptions extends HostOptions {
  readonly script?: string;
}

/** `pikaci github init`: the lines of a runner's `.env` by which its jobs run in machines, with this configuration. */
export async function githubInitCommand(context: CliContext, options: GithubInitOptions): Promise<number> {
  const loaded = await loadOrComplain(context, options, { needsFile: true });
  if (loaded === null) return EXIT.usage;
  // Beside the command, in the package as it is published.
  const script = options.script ?? fileURLToPath(new URL('github-hooks.js', import.meta.url));
  context.stdout.write(`ACTIONS_RUNNER_CONTAINER_HOOKS=${script}
ACTIONS_RUNNER_REQUIRE_JOB_CONTAINER=true
PIKACI_GITHUB_CONFIG=${loaded.file}
`);
  return EXIT.passed;
}
