import { ownHome, ownName } from '../../streams/own-user.js';
import type { SshEnvironment } from './options.js';

/** The one place of this adapter that looks at the process's own surroundings. */
export function hostEnvironment(): SshEnvironment {
  return {
    home: ownHome(),
    user: ownName() ?? '',
    authSock: process.env['SSH_AUTH_SOCK'] || null,
    variables: process.env,
    shell: process.env['SHELL'] || '/bin/sh',
    ...(process.getuid === undefined ? {} : { uid: process.getuid() }),
  };
}
