import { randomBytes } from 'node:crypto';
import { runCli } from '../adapters/cli/main.js';
import { EXIT } from '../adapters/cli/session/exit-code.js';
import { checkOut } from '../adapters/node/check-out.js';
import { exportCommit, isTracked } from '../adapters/node/git-repository.js';
import { ownArguments } from '../adapters/node/own-arguments.js';
import { ownHome } from '../adapters/node/own-home.js';
import { SystemClock } from '../adapters/node/system-clock.js';
import type { Adapters } from './adapters.js';
import { createPikaci } from './create-pikaci.js';
import { currentDirectory } from './current-directory.js';
import { withTraces } from './export-traces.js';
import { fulfillPreparedOutputRequest } from './fulfill-prepared-output.js';
import { ownOutputs } from './own-outputs.js';
import { processScreen, processTerminal } from './process-terminal.js';
import * as runState from './run-state.js';
import { serve } from './serve.js';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Runs the command line of this process and gives its exit status, once everything is written. `adapters` stand in for those of a real host. */
export async function runCommandLine(adapters?: Adapters): Promise<number> {
  const directory = currentDirectory();
  if (directory.isErr()) {
    process.stderr.write(`pikaci: ${directory.error}\n`);
    return EXIT.usage;
  }
  const command = () =>
    runCli({
      argv: ownArguments(),
      env: process.env,
      cwd: directory.value,
      homeDir: ownHome(),
      stdout: process.stdout,
      stderr: process.stderr,
      isTerminal: { stdout: process.stdout.isTTY === true, stderr: process.stderr.isTTY === true },
      stdin: { isTerminal: process.stdin.isTTY === true, read: () => process.stdin },
      screen: processScreen(),
      onSignal: (handler) => {
        // Node hands a listener the signal's name.
        for (const signal of SIGNALS) process.on(signal, handler);
        return () => {
          for (const signal of SIGNALS) process.off(signal, handler);
        };
      },
      createPikaci: (config, { workspace, ...place }) =>
        createPikaci(config, {
          ...place,
          exclude: ownOutputs(workspace),
          ...(adapters === undefined ? {} : { adapters }),
        }),
      runState,
      fulfill: fulfillPreparedOutputRequest,
      serve,
      repository: { exportCommit, checkOut, isTracked },
      terminal: process.stdin.isTTY === true && process.stdout.isTTY === true ? processTerminal() : null,
      clock: new SystemClock(),
      randomBytes: (count) => randomBytes(count),
    });
  return await withTraces(command, { env: process.env, signals: SIGNALS });
}
