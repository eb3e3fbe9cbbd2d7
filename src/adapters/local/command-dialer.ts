import type { Duplex } from 'node:stream';
import { err, ok, type Result } from 'neverthrow';
import type { CallOptions, Command, ShellFault } from '../../ports/remote-shell.js';
import type { SocketDialer } from '../../ports/socket-dialer.js';
import { childEnvironment } from '../../streams/child-environment.js';
import { commandProblem } from '../../streams/command-check.js';
import { ownHome } from '../../streams/own-user.js';
import { shellFault } from '../../streams/shell-fault.js';
import { startChild } from './child.js';
import { ChildStream } from './child-stream.js';

/** The two pipes of a command of this machine as a byte stream, such as `sudo -n socat - UNIX-CONNECT:…`. */
export class LocalCommandDialer implements SocketDialer {
  constructor(
    private readonly argv: Command['argv'],
    /** All that the command gets. */
    private readonly environment: Readonly<Record<string, string>> = childEnvironment(),
  ) {}

  get endpoint(): string {
    return `local command:${this.argv.join(' ')}`;
  }

  async dial(options: CallOptions = {}): Promise<Result<Duplex, ShellFault>> {
    const at = { host: 'local', tried: `run ${this.argv[0]}` };
    const problem = commandProblem({ argv: this.argv });
    if (problem !== null) return err(shellFault('invalid_command', at, problem));
    if (options.signal?.aborted) return err(shellFault('aborted', at, 'cancelled by the caller'));
    const started = await startChild({ argv: this.argv, cwd: ownHome() }, this.environment);
    if (started.isErr()) return err(shellFault('spawn_failed', at, started.error));
    if ('code' in started.value) return err(shellFault('spawn_failed', at, started.value.message.trim()));
    return ok(new ChildStream(started.value, at.tried));
  }
}
