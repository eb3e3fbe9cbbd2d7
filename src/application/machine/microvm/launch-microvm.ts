import { err, ok, type Result } from 'neverthrow';
import type { Lease } from '../../../domain/machine/lease.js';
import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { Clock } from '../../../ports/clock.js';
import { awakeBound } from '../../../streams/awake-timer.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { HostAnswer, MicrovmHost } from './microvm-host.js';
import { leaseLine } from './microvm-lease.js';
import { parseMicrovmStatus, whyLost } from './microvm-status.js';
import type { MicrovmRuntime } from './prepare-microvm.js';
import { removeMicrovm } from './remove-microvm.js';

const PHASE = 'launch_guest';
const RETRY_MS = 300;
const REMOVE_BOUND_MS = 60_000;

export interface LaunchMicrovm {
  readonly host: MicrovmHost;
  readonly clock: Clock;
  readonly context: RemoteMicrovmContext;
  readonly runtime: MicrovmRuntime;
  readonly lease: Lease;
  /** How long a lost connection is made again, ms. */
  readonly reconnectMs: number;
}

/**
 * Boots the machine and waits until its supervisor has begun. The machine does not end with the connection: one that is cut meanwhile is
 * made again, and the same call finds what it began. What a failed launch has left is removed.
 */
export async function launchMicrovm(
  input: LaunchMicrovm,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const { host, clock, context, runtime } = input;
  const words = [
    'launch',
    context.shared.remoteJobDir,
    leaseLine(input.lease),
    ...runtime.options,
    '--',
    ...runtime.shares.flatMap(({ tag, readOnly, source }) => [tag, readOnly ? 'ro' : 'rw', source]),
  ];
  const since = clock.monotonic();
  let begunAt = since;
  let answer = await host.ask(words, { signal, phase: PHASE });
  while (answer.isErr() && answer.error.cause?.kind === 'connection_lost') {
    // The last attempt begins behind the bound: this runner may have been stopped in the one before.
    if (begunAt - since > input.reconnectMs) break;
    if ((await clock.sleep(RETRY_MS, signal)) === 'aborted') break;
    begunAt = clock.monotonic();
    answer = await host.ask(words, { signal, phase: PHASE });
  }
  if (answer.isOk() && answer.value.code === 0) return ok(undefined);
  const fault = answer.isErr() ? answer.error : whyNotLaunched(host, answer.value);
  // Another runner's machine is left alone. What cannot be reached any more is left to the reaper: the lease ends.
  const owned = { jobDir: context.shared.remoteJobDir, acquisition: input.lease.acquisition };
  if (fault.kind !== 'run_exists') await removeMicrovm(host, owned, awakeBound(REMOVE_BOUND_MS));
  return err(fault);
}

function whyNotLaunched(host: MicrovmHost, answer: HostAnswer): JobFault {
  const fault = (kind: JobFault['kind'], message: string): JobFault => ({
    kind,
    phase: PHASE,
    host: host.name,
    message,
  });
  switch (answer.name) {
    case 'already_started':
      return fault('run_exists', 'a microVM of this run and job is there already: it was started before');
    case 'runner_missing':
      return fault('runner_missing', answer.complaint);
    case 'share_failed':
      return fault('share_failed', answer.complaint);
    case 'layer_missing':
      return fault('template_failed', answer.complaint);
    case 'no_channel':
      return fault('backend_unavailable', answer.complaint);
    case '':
      break;
    default:
      return host.refused('launch', answer, PHASE);
  }
  const status = parseMicrovmStatus(parseJson(answer.stdout));
  if (status === null) return host.refused('launch', answer, PHASE);
  const kind = { boot_timeout: 'boot_timed_out', share_failed: 'share_failed' } as const;
  return fault(kind[status.reason as keyof typeof kind] ?? 'boot_failed', whyLost(status));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
