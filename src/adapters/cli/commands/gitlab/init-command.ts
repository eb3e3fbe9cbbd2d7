import { resolve } from 'node:path';
import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { type HostOptions, loadOrComplain } from '../with-pikaci.js';

export interface GitlabInitOptions extends HostOptions {
  readonly program: string;
}

/** `pikaci gitlab init`: the section of a runner's `config.toml` that has its jobs run by pikaci, with this configuration. */
export async function gitlabInitCommand(context: CliContext, options: GitlabInitOptions): Promise<number> {
  const loaded = await loadOrComplain(context, options, { needsFile: true });
  if (loaded === null) return EXIT.usage;
  const { baseDir, config, file } = loaded;
  const { buildsDir, cacheDir } = config.gitlab;
  // The runner calls from a directory of its own.
  const where = [
    ...(file === null ? [] : ['--config', file]),
    ...(options.host === undefined ? [] : ['--host', options.host]),
    ...(options.trust === undefined ? [] : ['--trust', options.trust]),
    '--state-root',
    resolve(baseDir, config.stateRoot),
  ];
  const words = (command: string) => `[${['gitlab', command, ...where].map(toml).join(', ')}]`;
  context.stdout.write(`[[runners]]
  name = "pikaci"
  url = "https://gitlab.example.com"
  token = "TOKEN"
  executor = "custom"
  shell = "bash"
  builds_dir = ${toml(buildsDir)}
  cache_dir = ${toml(cacheDir)}
  [runners.custom]
    config_exec = ${toml(options.program)}
    config_args = ${words('config')}
    prepare_exec = ${toml(options.program)}
    prepare_args = ${words('prepare')}
    run_exec = ${toml(options.program)}
    run_args = ${words('run')}
    cleanup_exec = ${toml(options.program)}
    cleanup_args = ${words('cleanup')}
    cleanup_exec_timeout = 300
    graceful_kill_timeout = 60
    force_kill_timeout = 30
`);
  return EXIT.passed;
}

/** A basic string of TOML is one of JSON, but that U+007F has to be escaped, too. */
function toml(text: string): string {
  return JSON.stringify(text).replaceAll('\u007f', '\\u007f');
}
