import { hostname } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { chooseAlgorithms } from './algorithms.js';
import { shellCommand } from './local-command.js';
import type { Ssh2Options, SshEnvironment } from './options.js';
import { sshArguments } from './ssh-arguments.js';
import { configEntry, type SshConfigEntry } from './ssh-config.js';
import type { ConfigLine } from './ssh-config-lines.js';
import { type SshTarget, targetLabel } from './target.js';
import { expandTokens, firstLabel, hostnameOf, isValidHostName, isValidUser, realName } from './tokens.js';

/** OpenSSH's own defaults (ssh_config(5), IdentityFile and UserKnownHostsFile). */
const DEFAULT_IDENTITIES = ['.ssh/id_ed25519', '.ssh/id_ecdsa', '.ssh/id_rsa'];
const DEFAULT_KNOWN_HOSTS = ['.ssh/known_hosts', '.ssh/known_hosts2'];
const GLOBAL_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];
const MAX_JUMPS = 8;
const FAMILIES = { any: {}, inet: { family: 4 }, inet6: { family: 6 } } as const;

interface Wanted {
  readonly user?: string | undefined;
  readonly port?: number | undefined;
  /** The way is known: the configuration's is not asked. */
  readonly jumps?: readonly string[] | undefined;
  /** The way in words, for a person to type; the configuration's when left out. */
  readonly via?: readonly string[] | undefined;
}

/** Who the paths and the command of a host are filled in for. */
interface Place {
  readonly alias: string;
  readonly host: string;
  readonly user: string;
  readonly port: number;
  readonly keyAlias: string;
}

/** Puts together what options and configuration say of a host, and of those on the way to it. Throws sentences. */
export class TargetResolver {
  constructor(
    private readonly options: Ssh2Options,
    private readonly environment: SshEnvironment,
    private readonly files: readonly (readonly ConfigLine[])[],
    private readonly exec: ((command: string) => Promise<boolean>) | null,
  ) {}

  /** `behind`: the hosts that are reached through this one, so that none is its own jump. */
  async target(alias: string, wanted: Wanted, behind: readonly string[]): Promise<SshTarget> {
    const { user: localUser, home, uid, localHost = hostname() } = this.environment;
    const asked = { host: alias, user: wanted.user, port: wanted.port };
    const query = { ...asked, localUser, home, uid, localHost, exec: this.exec };
    const found = await configEntry(this.files, query);
    if (found.isErr()) throw new Error(found.error);
    const entry = found.value;
    const host = realName(hostnameOf(alias, entry.hostname));
    const user = wanted.user ?? entry.user ?? localUser;
    if (user === '')
      throw new Error(
        `nobody says as whom to log in to ${host}: this user has no name here; write USER@${host}`,
      );
    const port = wanted.port ?? entry.port ?? 22;
    const keyAlias = entry.hostkeyalias?.toLowerCase() ?? null;
    const place = { alias, host, user, port, keyAlias: keyAlias ?? alias };
    const label = targetLabel(place);
    if (behind.includes(label)) throw new Error(`the way to ${behind[0]} goes through ${label} twice`);
    const expand = (path: string) => this.expand(path, place);
    return {
      host,
      port,
      user,
      identities: this.identities(entry, expand),
      identitiesOnly: entry.identitiesonly ?? false,
      certificates: entry.certificatefile?.filter((path) => path !== 'none').map(expand) ?? [],
      agent: this.agent(entry, expand),
      knownHosts: this.knownHosts(entry, expand),
      hostKeyAlias: keyAlias,
      algorithms: chooseAlgorithms(entry),
      socket: {
        ...FAMILIES[entry.addressfamily ?? 'any'],
        ...(entry.bindaddress === undefined ? {} : { localAddress: entry.bindaddress }),
      },
      proxyCommand: wanted.jumps === undefined ? this.proxyCommand(entry, place) : null,
      sshArguments: sshArguments(this.options, alias, wanted),
      jumps: await this.jumps(wanted.jumps ?? jumpList(entry.proxyjump, place), [...behind, label]),
    };
  }

  /** The first host of a list is reached in its own way, the others through the one before (ssh(1), -J). */
  private async jumps(names: readonly string[], behind: readonly string[]): Promise<readonly SshTarget[]> {
    const tooMany = new Error(`more than ${MAX_JUMPS} hosts to jump through`);
    if (behind.length > MAX_JUMPS + 1) throw tooMany;
    const targets: SshTarget[] = [];
    for (const [index, name] of names.entries()) {
      const parsed = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(name);
      const alias = parsed?.[2] ?? parsed?.[3];
      if (parsed === null || alias === undefined) throw new Error(`not a host to jump through: ${name}`);
      const port = parsed[4] === undefined ? undefined : Number(parsed[4]);
      const own = index === 0 ? {} : { jumps: [], via: names.slice(0, index) };
      const hop = await this.target(alias, { user: parsed[1], port, ...own }, behind);
      targets.push(...hop.jumps, { ...hop, jumps: [] });
    }
    if (targets.length > MAX_JUMPS) throw tooMany;
    return targets;
  }

  private proxyCommand(entry: SshConfigEntry, place: Place): SshTarget['proxyCommand'] {
    const command = entry.proxycommand;
    if (command === undefined || command.toLowerCase() === 'none') return null;
    if (this.options.local === undefined) throw new Error('ProxyCommand: no command may be run here');
    const { alias, host, keyAlias, user } = place;
    for (const name of [alias, host, keyAlias])
      if (!isValidHostName(name)) throw new Error(`ProxyCommand: "${name}" may not stand in a command`);
    if (!isValidUser(user)) throw new Error(`ProxyCommand: the user "${user}" may not stand in a command`);
    return shellCommand(this.environment, expandTokens(command, wayTokens(place)));
  }

  private identities(entry: SshConfigEntry, expand: (path: string) => string): SshTarget['identities'] {
    const own = this.options.identityFile === undefined ? [] : [this.options.identityFile];
    const configured = entry.identityfile?.filter((path) => path.toLowerCase() !== 'none').map(expand);
    const named = [
      ...own.map((path) => ({ path, mustExist: true, isDefault: false })),
      ...(configured ?? []).map((path) => ({ path, mustExist: false, isDefault: false })),
    ];
    if (own.length > 0 || configured !== undefined) return named;
    return DEFAULT_IDENTITIES.map((path) => ({
      path: join(this.environment.home, path),
      mustExist: false,
      isDefault: true,
    }));
  }

  private agent(entry: SshConfigEntry, expand: (path: string) => string): string | null {
    const { agent } = this.options;
    if (agent !== undefined) return agent;
    const { authSock, variables } = this.environment;
    const { identityagent: configured = 'SSH_AUTH_SOCK' } = entry;
    if (/^(?:\$|\$\{)?SSH_AUTH_SOCK\}?$/.test(configured)) return authSock;
    const variable = /^\$([A-Za-z_][A-Za-z0-9_]*)$/.exec(configured)?.[1];
    if (variable !== undefined) return variables?.[variable] || null;
    return configured === 'none' ? null : expand(configured);
  }

  private knownHosts(entry: SshConfigEntry, expand: (path: string) => string): SshTarget['knownHosts'] {
    const files = this.options.knownHostsFiles;
    if (files !== undefined) return files.map((path) => ({ path, mustExist: true }));
    const user = entry.userknownhostsfile?.filter((path) => path !== 'none').map(expand);
    const global = entry.globalknownhostsfile?.filter((path) => path !== 'none').map(expand);
    const defaults = DEFAULT_KNOWN_HOSTS.map((path) => join(this.environment.home, path));
    return [...(user ?? defaults), ...(global ?? GLOBAL_KNOWN_HOSTS)].map((path) => ({
      path,
      mustExist: false,
    }));
  }

  /** The tokens and variables of ssh_config(5) that make sense in a path; a relative path is one of the home directory. */
  private expand(path: string, at: Place): string {
    const { home, user, uid, localHost = hostname(), variables } = this.environment;
    if (/^~[^/]/.test(path)) throw new Error(`${path}: the home directory of another user is not filled in`);
    const tokens = { ...wayTokens(at), d: home, i: String(uid ?? ''), l: localHost, u: user };
    const expanded = expandTokens(
      path.replace(/^~(?=\/|$)/, home),
      { ...tokens, L: firstLabel(localHost) },
      variables ?? {},
    );
    return isAbsolute(expanded) ? expanded : join(home, expanded);
  }
}

/** The tokens of what says how a host is reached. */
function wayTokens({ host, keyAlias, alias, port, user }: Place) {
  return { h: host, k: keyAlias, n: alias, p: String(port), r: user };
}

/** `ssh` makes a command of it, so it has the tokens of one. */
function jumpList(value: string | undefined, place: Place): readonly string[] {
  return value === undefined || value.toLowerCase() === 'none'
    ? []
    : value.split(',').map((name) => expandTokens(name.trim(), wayTokens(place)));
}
