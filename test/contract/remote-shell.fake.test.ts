import { describe, it } from 'vitest';
import { LocalShell } from '../../src/adapters/local/shell.js';
import { remoteShellContract } from '../../src/testing/contract/remote-shell.js';
import { twoDirectories } from '../support/two-directories.js';

remoteShellContract(
  { describe, it },
  'the shell of this machine',
  async () => {
    const shell = new LocalShell({ killGraceMs: 200 });
    const directories = await twoDirectories();
    return {
      ...directories,
      shell,
      [Symbol.asyncDispose]: async () => {
        await shell[Symbol.asyncDispose]();
        await directories[Symbol.asyncDispose]();
      },
    };
  },
  { processes: true },
);
