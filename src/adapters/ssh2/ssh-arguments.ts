import type { Ssh2Options } from './options.js';

/** With what `ssh` and `ssh-copy-id` reach a host as it is reached here: options, then `user@host`. */
export function sshArguments(
  { configFile, knownHostsFiles }: Ssh2Options,
  alias: string,
  wanted: {
    readonly user?: string | undefined;
    readonly port?: number | undefined;
    readonly via?: readonly string[] | undefined;
  },
): readonly string[] {
  const files = knownHostsFiles?.map((path) => (/\s/.test(path) ? `"${path}"` : path)).join(' ');
  return [
    ...(configFile === undefined ? [] : ['-F', configFile ?? 'none']),
    ...(wanted.via === undefined ? [] : ['-o', `ProxyJump=${wanted.via.join(',') || 'none'}`]),
    ...(files === undefined
      ? []
      : ['-o', `UserKnownHostsFile=${files}`, '-o', 'GlobalKnownHostsFile=/dev/null']),
    ...(wanted.port === undefined || wanted.port === 22 ? [] : ['-p', String(wanted.port)]),
    `${wanted.user === undefined ? '' : `${wanted.user}@`}${alias}`,
  ];
}
