import type { Result } from 'neverthrow';
import { type Acquisition, acquisitionWord } from '../../../domain/machine/acquisition.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { MicrovmHost } from './microvm-host.js';

const PHASE = 'clean_up';
/** A call after a loss connects again. */
const TRIES = 3;

/** A machine's directory, and whose it must be. */
export interface OwnedMicrovm {
  readonly jobDir: string;
  readonly acquisition: Acquisition;
}

/** Ends every process of the machine, and waits until they are gone. Idempotent, also when there is no machine; that of another acquisition is left alone. */
export async function removeMicrovm(
  host: MicrovmHost,
  { jobDir, acquisition }: OwnedMicrovm,
  signal: AbortSignal,
): Promise<Result<void, JobFault>> {
  const words = ['destroy', jobDir, acquisitionWord(acquisition)];
  let removed = await host.runOrFail(words, { signal, phase: PHASE });
  for (
    let tries = 1;
    tries < TRIES && removed.isErr() && removed.error.cause?.kind === 'connection_lost';
    tries++
  )
    removed = await host.runOrFail(words, { signal, phase: PHASE });
  return removed.map(() => undefined);
}
