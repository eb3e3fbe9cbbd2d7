import { basename, dirname, join } from 'node:path';
import type { PikaciConfig } from '../../../domain/config/config.js';
import type { ConfigProblem } from '../../../domain/config/config-fault.js';
import { isWithin } from '../../../domain/values/path-rules.js';
import { isLink, linkInWorkTree, realPath, topOfWorkTree } from './work-tree.js';

/** Why a workspace whose author is not trusted is not read: a link would name another folder of this machine, and its files would go into the guest. */
export async function whyLinkedWorkspace(workspace: string): Promise<ConfigProblem | null> {
  const link = (await linkInWorkTree(workspace)) ?? ((await isLink(workspace)) ? workspace : null);
  if (link === null) return null;
  const message = `${link} is a link, which the author of the workspace, who is not trusted, could have made: name the directory itself`;
  return { path: '--workspace', message };
}

/**
 * Why a configuration file cannot say what is done with a workspace whose author is not trusted: it lies in it, so that it is that
 * author's; null when it does not.
 */
export async function whyOfWorkspace(file: string, workspace: string): Promise<ConfigProblem | null> {
  const border = await borderAround(file, workspace);
  if (border === null) return null;
  const message = `the configuration lies in ${border}, whose author is not trusted: take it from a commit with --config-from REV, or name one elsewhere with --config FILE --workspace DIR`;
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
    const border = typeof file === 'string' ? await borderAround(file, workspace) : null;
    if (border === null) continue;
    const message = `${file} lies in ${border}, whose author is not trusted and could have written it: name one elsewhere`;
    problems.push({ path, message });
  }
  return problems;
}

/** What of the workspace's author a file lies in, by where it is written and by where it leads: the workspace, or the work tree around it. */
async function borderAround(file: string, workspace: string): Promise<string | null> {
  const leadsTo = [file, join(await realPath(dirname(file)), basename(file)), await realPath(file)];
  const holds = (folder: string) => leadsTo.some((path) => isWithin(folder, path));
  const itself = await realPath(workspace);
  if (holds(workspace) || holds(itself)) return 'the workspace';
  for (const written of [workspace, itself]) {
    const top = await topOfWorkTree(written);
    if (top === null) continue;
    if (holds(top) || holds(await realPath(top))) return `the work tree of the workspace (${top})`;
  }
  return null;
}
