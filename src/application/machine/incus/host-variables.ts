import { err, ok, type Result } from 'neverthrow';
import { type Inherit, inheritedVariables } from '../../../domain/machine/inherited-variables.js';
import type { RemoteShell } from '../../../ports/remote-shell.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import { runCommand } from '../../commands/run-command.js';
import type { GuestFault } from '../../supervisor/guest.js';

const BOUND_SECS = 30;

export interface HostVariablesInput extends Inherit {
  /** The host's own, where it is this machine; asked for by a command otherwise. */
  readonly environment: Readonly<Record<string, string | undefined>> | null;
}

/** What machines get of the environment that the host gives to who logs in; asked for once, when the first of them runs something. */
export class HostVariables {
  readonly #shell: RemoteShell;
  readonly #input: HostVariablesInput;
  #known: Readonly<Record<string, string>> | null = null;

  constructor(shell: RemoteShell, input: HostVariablesInput) {
    this.#shell = shell;
    this.#input = input;
  }

  readonly learn = async (): Promise<Result<Readonly<Record<string, string>>, GuestFault>> => {
    const { environment, proxy, registries } = this.#input;
    if (!proxy && !registries) return ok({});
    if (environment !== null) this.#known ??= inheritedVariables(environment, this.#input);
    if (this.#known !== null) return ok(this.#known);
    const asked = { argv: ['env', '-0'] } as const;
    const purpose = 'read the host’s proxies and registries ("inherit")';
    const call = { purpose, timeoutSecs: BOUND_SECS, signal: awakeBound(BOUND_SECS * 1000) };
    const answer = await runCommand(this.#shell, asked, call);
    if (answer.isErr()) {
      const { message, cause } = answer.error;
      const kind = cause?.kind === 'connection_lost' ? 'connection_lost' : 'refused';
      return err({ kind, message, ...(cause === undefined ? {} : { cause }) });
    }
    const entries = Buffer.from(answer.value).toString('utf8').split('\0');
    const pairs = entries.map((entry): [string, string] => {
      const at = entry.indexOf('=');
      return [entry.slice(0, at), entry.slice(at + 1)];
    });
    this.#known = inheritedVariables(Object.fromEntries(pairs), this.#input);
    return ok(this.#known);
  };
}
