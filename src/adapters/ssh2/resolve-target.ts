import { join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { hostEnvironment } from './host-environment.js';
import { runsLocally } from './local-command.js';
import type { Ssh2Options, SshEnvironment } from './options.js';
import { loadConfig } from './ssh-config.js';
import type { ConfigLine } from './ssh-config-lines.js';
import type { SshTarget } from './target.js';
import { TargetResolver } from './target-resolver.js';

const SYSTEM_CONFIG = '/etc/ssh/ssh_config';

/** Turns options and the configuration files into a target. `Err` is a sentence that says what is wrong where. */
export async function resolveTarget(options: Ssh2Options): Promise<Result<SshTarget, string>> {
  const environment = options.environment ?? hostEnvironment();
  const files = await configFiles(options, environment);
  if (files.isErr()) return err(files.error);
  const { local } = options;
  const exec =
    local === undefined ? null : (command: string) => runsLocally(local.shell, environment, command);
  const resolver = new TargetResolver(options, environment, files.value, exec);
  try {
    const { host, user, port, jumps } = options;
    return ok(await resolver.target(host, { user, port, jumps, via: jumps }, []));
  } catch (error) {
    return err((error as Error).message);
  }
}

/** The user's file before the system's; a file that is named stands alone, as with `ssh -F`. */
async function configFiles(
  options: Ssh2Options,
  { home, uid }: SshEnvironment,
): Promise<Result<(readonly ConfigLine[])[], string>> {
  const { configFile: named } = options;
  const user = named === undefined ? join(home, '.ssh/config') : named;
  const system =
    options.systemConfigFile === undefined
      ? named === undefined
        ? SYSTEM_CONFIG
        : null
      : options.systemConfigFile;
  const files: (readonly ConfigLine[])[] = [];
  for (const [path, isSystem] of [[user, false] as const, [system, true] as const]) {
    if (path === null) continue;
    const isDefault = named === undefined && !isSystem;
    const ownedBy = isDefault ? (uid ?? null) : null;
    const mustExist = named !== undefined && !isSystem;
    const file = await loadConfig(path, { home, isSystem, ownedBy, mustExist });
    if (file.isErr()) return err(file.error);
    if (file.value !== null) files.push(file.value);
  }
  return ok(files);
}
