import type { SuiteRunner } from './contract-runner.js';
import { shellCancelContract } from './remote-shell-cancel.js';
import { shellCommandContract } from './remote-shell-commands.js';
import type { RemoteShellCapabilities, RemoteShellFixture } from './remote-shell-fixture.js';
import { shellStreamContract } from './remote-shell-streams.js';
import { shellTreeContract } from './remote-shell-trees.js';

/**
 * What every `RemoteShell` has to do. `make` is called for each test. A fake without processes is held to what it passes on,
 * and has to answer `sh`, `printf`, `cat`, `pwd` and `true` as a POSIX system does.
 */
export function remoteShellContract(
  runner: SuiteRunner,
  name: string,
  make: () => Promise<RemoteShellFixture>,
  capabilities: RemoteShellCapabilities,
): void {
  runner.describe(`${name} keeps the contract of RemoteShell`, () => {
    shellCommandContract(runner, make, capabilities);
    if (capabilities.processes) {
      shellStreamContract(runner, make);
      shellCancelContract(runner, make);
    }
    shellTreeContract(runner, make, capabilities);
  });
}
