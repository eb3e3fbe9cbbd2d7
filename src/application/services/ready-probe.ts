import { err, ok, type Result } from 'neverthrow';
import type { ServiceSpec } from '../../domain/machine/service-spec.js';
import type { JobFault } from '../faults/job-fault.js';
import { loginCommand } from '../machine/login-command.js';
import type { Machine } from '../machine/machine-backend.js';
import type { ServiceNetworks } from '../machine/service-networks.js';
import { listenersOf } from './listeners.js';

const LONGEST_SAID = 300;

/** Whether a service is ready; null when it is, and otherwise a sentence that says what it lacks. */
export type Probe = (signal: AbortSignal) => Promise<Result<string | null, JobFault>>;

export interface ProbedService {
  readonly spec: Pick<ServiceSpec, 'ready' | 'runAsRoot' | 'user' | 'env'>;
  readonly machine: Machine;
  /** On the job's network. */
  readonly address: string;
  readonly networks: ServiceNetworks;
  readonly hasLogged: (text: string) => boolean;
}

export function probeOf({ spec, machine, address, networks, hasLogged }: ProbedService): Probe {
  const { tcp, command, log } = spec.ready ?? {};
  if (tcp !== undefined)
    return async (signal) => {
      const call = { command: ['/bin/sh', '-c', 'cat /proc/net/tcp /proc/net/tcp6 2>/dev/null'] } as const;
      const answer = await networks.run(machine, call, signal);
      return answer.map(({ said }) => whyNotHeard(listenersOf(said, tcp), { address, port: tcp }));
    };
  if (command !== undefined) {
    const login = { runAsRoot: spec.runAsRoot, user: spec.user };
    const call = loginCommand(login, { command: ['/bin/sh', '-c', command], env: spec.env });
    return async (signal) => {
      const answer = await networks.run(machine, call, signal);
      if (answer.isErr()) return err(answer.error);
      const { code, said } = answer.value;
      if (code === 0) return ok(null);
      const last = said.trim().split('\n').at(-1)?.slice(0, LONGEST_SAID) ?? '';
      return ok(`the command ${JSON.stringify(command)} ends with ${code}${last === '' ? '' : `: ${last}`}`);
    };
  }
  if (log !== undefined)
    return async () => ok(hasLogged(log) ? null : `${JSON.stringify(log)} is not in its log`);
  return async () => ok(null);
}

/** Listening at an address that only its own machine has is the usual mistake. */
function whyNotHeard(
  listeners: readonly string[],
  { address, port }: { readonly address: string; readonly port: number },
): string | null {
  if (listeners.length === 0) return `nothing listens on its port ${port}`;
  if (listeners.some((at) => at === address || at === '0.0.0.0' || at === '::')) return null;
  return `it listens on port ${port} at ${listeners.join(', ')} alone, which the job does not reach: let it listen at 0.0.0.0`;
}
