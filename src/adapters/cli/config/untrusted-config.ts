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

/** A folder whose files are by an author who is not trusted. */
export interface AuthorsFolder {
  readonly path: string;
  /** What it is for the command: what is sent, or merely where the command is given. */
  readonly as: 'workspace' | 'current folder';
}

/**
 * Why a configuration file cannot say what is done: it lies in a folder whose author is not trusted, so that it is that author's; null when
 * it does not.
 */
export async function whyOfAuthor(file: string, folder: AuthorsFolder): Promise<ConfigProblem | null> {
  const border = await borderAround(file, folder);
  if (border === null) return null;
  const elsewhere =
    folder.as === 'workspace'
      ? 'name one elsewhere with --config FILE --workspace DIR'
      : 'name one elsewhere with --config FILE; where the configuration is your own, give the command in another folder';
  const message = `the configuration lies in ${border}, whose author is not trusted: take it from a commit with --config-from REV, or ${elsewhere}`;
  return { path: '--trust', message };
}

/** Files that the configuration names, on this machine, and that the author of the folder could have written. */
export async function whyFilesOfAuthor(
  config: PikaciConfig,
  folder: AuthorsFolder,
): Promise<ConfigProblem[]> {
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
    const border = typeof file === 'string' ? await borderAround(file, folder) : null;
    if (border === null) continue;
    const message = `${file} lies in ${border}, whose author is not trusted and could have written it: name one elsewhere`;
    problems.push({ path, message });
  }
  return problems;
}

/** What of the folder's author a file lies in, by where it is written and by where it leads: the folder, or the work tree around it. */
async function borderAround(
  file: string,
  { path: written, as: name }: AuthorsFolder,
): Promise<string | null> {
  const leadsTo = [file, join(await realPath(dirname(file)), basename(file)), await realPath(file)];
  const holds = (folder: string) => leadsTo.some((path) => isWithin(folder, path));
  const itself = await realPath(written);
  if (holds(written) || holds(itself)) return `the ${name}`;
  for (const path of [written, itself]) {
    const top = await topOfWorkTree(path);
    if (top === null) continue;
    if (holds(top) || holds(await realPath(top))) return `the work tree of the ${name} (${top})`;
  }
  return null;
}
