import { isAbsolute, join } from 'node:path';
import { err, ok, type Result } from 'neverthrow';
import { hostEnvironment } from './host-environment.js';
import type { Ssh2Options, SshEnvironment } from './options.js';
import { type SshConfigEntry, SshConfigFile } from './ssh-config.js';
import type { SshTarget } from './target.js';

/** OpenSSH's own defaults (ssh_config(5), IdentityFile and UserKnownHostsFile). */
const DEFAULT_IDENTITIES = ['.ssh/id_ed25519', '.ssh/id_ecdsa', '.ssh/id_rsa'];
const DEFAULT_KNOWN_HOSTS = ['.ssh/known_hosts', '.ssh/known_hosts2'];
const GLOBAL_KNOWN_HOSTS = ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'];
const MAX_JUMPS = 8;

/** Turns options and the configuration file into a target. `Err` is a sentence that says what is wrong where. */
export async function resolveTarget(options: Ssh2Options): Promise<Result<SshTarget, string>> {
  const environment = options.environment ?? hostEnvironment();
  const configPath =
    options.configFile === undefined ? join(environment.home, '.ssh/config') : options.configFile;
  const config =
    configPath === null
      ? ok<SshConfigFile | null, string>(null)
      : await SshConfigFile.load(configPath, {
          home: environment.home,
          mustExist: options.configFile !== undefined,
        });
  if (config.isErr()) return err(config.error);
  const resolver = new Resolver(options, environment, config.value);
  return resolver.target(options.host, { user: options.user, port: options.port, jumps: options.jumps });
}

interface Wanted {
  readonly user: string | undefined;
  readonly port: number | undefined;
  readonly jumps: readonly string[] | undefined;
}

class Resolver {
  constructor(
    private readonly options: Ssh2Options,
    private readonly environment: SshEnvironment,
    private readonly config: SshConfigFile | null,
  ) {}

  target(alias: string, wanted: Wanted): Result<SshTarget, string> {
    const entry = this.config?.entry(alias, wanted.user) ?? ok<SshConfigEntry, string>({});
    if (entry.isErr()) return err(entry.error);
    const jumps = this.jumps(wanted.jumps ?? jumpList(entry.value.proxyjump));
    if (jumps.isErr()) return err(jumps.error);
    const host = (entry.value.hostname ?? alias).replaceAll('%h', alias).replaceAll('%%', '%');
    const user = wanted.user ?? entry.value.user ?? this.environment.user;
    const port = wanted.port ?? entry.value.port ?? 22;
    const expand = (path: string) => this.expand(path, { alias, host, user, port });
    return ok({
      host,
      port,
      user,
      identities: this.identities(entry.value, expand),
      identitiesOnly: entry.value.identitiesonly ?? false,
      certificates: entry.value.certificatefile?.filter((path) => path !== 'none').map(expand) ?? [],
      agent: this.agent(entry.value, expand),
      knownHosts: this.knownHosts(entry.value, expand),
      jumps: jumps.value,
    });
  }

  private jumps(names: readonly string[]): Result<readonly SshTarget[], string> {
    const targets: SshTarget[] = [];
    for (const name of names) {
      const parsed = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:]+))(?::(\d+))?$/.exec(name);
      const alias = parsed?.[2] ?? parsed?.[3];
      if (parsed === null || alias === undefined) return err(`not a host to jump through: ${name}`);
      const port = parsed[4] === undefined ? undefined : Number(parsed[4]);
      // A jump's own ProxyJump is not followed: the list says the whole way.
      const hop = this.target(alias, { user: parsed[1], port, jumps: [] });
      if (hop.isErr()) return err(hop.error);
      targets.push(hop.value);
    }
    return targets.length > MAX_JUMPS ? err(`more than ${MAX_JUMPS} hosts to jump through`) : ok(targets);
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
    if (this.options.agent !== undefined) return this.options.agent;
    const configured = entry.identityagent;
    if (configured === undefined || configured === 'SSH_AUTH_SOCK') return this.environment.authSock;
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

  /** The tokens of ssh_config(5) that make sense in a path; a relative path is one of the home directory. */
  private expand(path: string, at: { alias: string; host: string; user: string; port: number }): string {
    const tokens: Record<string, string> = {
      '%%': '%',
      '%d': this.environment.home,
      '%h': at.host,
      '%n': at.alias,
      '%p': String(at.port),
      '%r': at.user,
      '%u': this.environment.user,
    };
    const expanded = path
      .replace(/%./g, (token) => tokens[token] ?? token)
      .replace(/^~(?=\/|$)/, this.environment.home);
    return isAbsolute(expanded) ? expanded : join(this.environment.home, expanded);
  }
}

function jumpList(value: string | undefined): readonly string[] {
  return value === undefined || value.toLowerCase() === 'none'
    ? []
    : value.split(',').map((name) => name.trim());
}
