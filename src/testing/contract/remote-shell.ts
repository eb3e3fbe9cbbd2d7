import type { RemoteShell } from '../../ports/remote-shell.js';
import { shellCancelContract } from './remote-shell-cancel.js';
import { shellCommandContract } from './remote-shell-commands.js';
import { shellStreamContract } from './remote-shell-streams.js';
import { shellTreeContract } from './remote-shell-trees.js';
import type { ContractRunner, Fixture } from './runner.js';

export interface RemoteShellFixture extends Fixture {
  readonly shell: RemoteShell;
  /** Absolute path of an empty directory on the shell's host, for this test alone. */
  readonly remote: string;
  /** Absolute path of an empty directory on this machine, for this test alone. */
  readonly local: string;
}

export interface RemoteShellCapabilities {
  /** Whether commands are real processes of a POSIX system; a fake answers what it was told. */
  readonly processes: boolean;
}

/**
 * What every `RemoteShell` has to do. `make` is called for each test. A fake without processes has to answer the commands
 * that `contractCommands` lists.
 */
export function remoteShellContract(
  runner: ContractRunner,
  name: string,
  make: () => Promise<RemoteShellFixture>,
  capabilities: RemoteShellCapabilities,
): void {
  runner.describe(`${name} keeps the contract of RemoteShell`, () => {
    shellCommandContract(runner, make);
    if (capabilities.processes) {
      shellStreamContract(runner, make);
      shellCancelContract(runner, make);
    }
    shellTreeContract(runner, make, capabilities);
  });
}
