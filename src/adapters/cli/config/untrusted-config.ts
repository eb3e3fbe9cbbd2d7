import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PikaciConfig } from '../../../domain/config/config.js';
import type { ConfigProblem } from '../../../domain/config/config-fault.js';
import { isWithin } from '../../../domain/values/path-rules.js';

/**
 * Why a configuration file cannot say what is done with a workspace whose author is not trusted: it lies in it, so that it is that
 * author's; null when it does not.
 */
export async function whyOfWorkspace(file: string, workspace: string): Promise<ConfigProblem | null> {
  if (!(await liesWithin(file, workspace))) return null;
  const message =
    'the configuration lies in the workspace, whose author is not trusted: take it from a commit with --config-from REV, or name one elsewhere with --config FILE --workspace DIR';
  return { path: '--trust', message };
}

/** Files that the configuration names, on this machine, and that the author of the workspace could have written. */
export async function whyFilesOfWorkspace(config: PikaciConfig, workspace: string): Promise<ConfigProblem[]> {
  const { host, incus } = config;
  const named: (readonly [string, string | false | undefined])[] = [];
  if (host !== 'local') {
    const { identityFile, knownHostsFile, sshConfigFile, agent } = host;
    const files = { identityFile, knownHostsFile, sshConfigFile, agent };
    for (const [key, value] of Object.entries(files)) named.push([`host.${key}`, value]);
  }
  if (incus.transport.via === 'https') {
    const { clientCertFile, clientKeyFile, serverCertFile } = incus.transport;
    const files = { clientCertFile, clientKeyFile, serverCertFile };
    for (const [key, value] of Object.entries(files)) named.push([`incus.transport.${key}`, value]);
  }
  const problems: ConfigProblem[] = [];
  for (const [path, file] of named) {
    if (typeof file !== 'string' || !(await liesWithin(file, workspace))) continue;
    const message = `${file} lies in the workspace, whose author is not trusted and could have written it: name one elsewhere`;
    problems.push({ path, message });
  }
  return problems;
}

/** By where it is written, and by where it leads. */
async function liesWithin(file: string, directory: string): Promise<boolean> {
  const top = await real(directory);
  const parent = await real(dirname(file));
  return isWithin(top, join(parent, basename(file))) || isWithin(top, await real(file));
}

async function real(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    const parent = dirname(path);
    return parent === path ? path : join(await real(parent), basename(path));
  }
}
