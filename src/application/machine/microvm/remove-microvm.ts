import type { Result } from 'neverthrow';
import type { RemoteMicrovmContext } from '../../../domain/machine/remote-linux-vm-context.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { MicrovmHost } from './microvm-host.js';

const PHASE = 'clean_up';
/** A call after a loss connects again. */
const TRIES = 3;

/** Ends every process of the machine, and waits until they are gone. Fine to repeat, also when there is no machine. */
export async function removeMicrovm(
  host: MicrovmHost,
  { shared }: RemoteMicrovmContext | { readonly shared: { readonly remoteJobDir: string } },
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const words = ['destroy', shared.remoteJobDir];
  let removed = await host.runOrFail(words, { signal, phase: PHASE });
  for (
    let tries = 1;
    tries < TRIES && removed.isErr() && removed.error.cause?.kind === 'connection_lost';
    tries++
  )
    removed = await host.runOrFail(words, { signal, phase: PHASE });
  return removed.map(() => undefined);
}
