import { resolve } from 'node:path';
import type { PikaciConfig } from '../../../domain/config/config.js';

export interface PathBase {
  /** Folder that relative paths start from. */
  readonly baseDir: string;
  /** What `~` stands for. */
  readonly homeDir: string;
}

/** Absolute form of a path that a person wrote: `~/` is the home directory, anything relative starts at the base. */
export function absolutePath(path: string, base: PathBase): string {
  if (path === '~') return base.homeDir;
  if (path.startsWith('~/')) return resolve(base.homeDir, path.slice(2));
  return resolve(base.baseDir, path);
}

/** The same configuration with every path on this machine made absolute, so that nothing later depends on the current folder. */
export function withAbsolutePaths(config: PikaciConfig, base: PathBase): PikaciConfig {
  const abs = (path: string) => absolutePath(path, base);
  const { host, incus } = config;
  const transport = incus.transport;
  return {
    ...config,
    stateRoot: abs(config.stateRoot),
    host:
      host === 'local'
        ? host
        : {
            ...host,
            ...(host.identityFile === undefined ? {} : { identityFile: abs(host.identityFile) }),
            ...(host.knownHostsFile === undefined ? {} : { knownHostsFile: abs(host.knownHostsFile) }),
            ...(typeof host.sshConfigFile === 'string' ? { sshConfigFile: abs(host.sshConfigFile) } : {}),
            ...(typeof host.agent === 'string' ? { agent: abs(host.agent) } : {}),
          },
    incus: {
      ...incus,
      transport:
        transport.via === 'https'
          ? {
              ...transport,
              clientCertFile: abs(transport.clientCertFile),
              clientKeyFile: abs(transport.clientKeyFile),
              serverCertFile: abs(transport.serverCertFile),
            }
          : transport,
    },
  };
}
