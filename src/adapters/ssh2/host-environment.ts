import { homedir, userInfo } from 'node:os';
import type { SshEnvironment } from './options.js';

/** The one place of this adapter that looks at the process's own surroundings. */
export function hostEnvironment(): SshEnvironment {
  return {
    home: homedir(),
    user: userInfo().username,
    authSock: process.env['SSH_AUTH_SOCK'] || null,
    shell: process.env['SHELL'] || '/bin/sh',
    ...(process.getuid === undefined ? {} : { uid: process.getuid() }),
  };
}
