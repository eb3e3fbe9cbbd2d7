import type { Result } from 'neverthrow';
import { incusInstanceName } from '../../../domain/machine/incus-instance-name.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { LeasedMachine } from '../leased-machine.js';
import type { MicrovmHost } from './microvm-host.js';
import { readLeaseLine } from './microvm-lease.js';
import { MicrovmLeaseStore } from './microvm-lease-store.js';
import { removeMicrovm } from './remove-microvm.js';

/** The machines below a work directory, by the leases that lie beside them. */
export async function listMicrovms(
  host: MicrovmHost,
  workDir: string,
  signal: AbortSignal,
): Promise<Result<LeasedMachine[], JobFault>> {
  const listed = await host.query(['machines', workDir], { signal, phase: 'clean_up' });
  return listed.map((text) =>
    text
      .split('\n')
      .filter((line) => line.startsWith(`${workDir}/runs/`))
      .map((line) => leasedMachine(host, workDir, line)),
  );
}

/** Directories of the host that its microVMs were given. */
export async function microvmSources(
  host: MicrovmHost,
  workDir: string,
  signal: AbortSignal,
): Promise<Result<readonly string[], JobFault>> {
  const told = await host.query(['sources', workDir], { signal, phase: 'clean_up' });
  return told.map((text) => text.split('\0').filter((source) => source !== ''));
}

/** Whose machine it is says its place, and not what stands in the lease. */
function leasedMachine(host: MicrovmHost, workDir: string, line: string): LeasedMachine {
  const [, runId = '', jobId = '', state = '', owner = '-', words = ''] =
    /^([^/ ]+)\/jobs\/([^/ ]+) ([a-z]+) ([^ ]+) ?(.*)$/.exec(line.slice(`${workDir}/runs/`.length)) ?? [];
  const acquisition = owner === '-' ? null : owner;
  const jobDir = `${workDir}/runs/${runId}/jobs/${jobId}`;
  const name = microvmName(runId, jobId);
  return {
    name,
    lease: { ...readLeaseLine(words, acquisition), runId, jobId },
    isUp: state !== 'ended',
    place: new MicrovmLeaseStore(host, jobDir, name),
    remove: (signal) => removeMicrovm(host, { jobDir, acquisition }, signal),
  };
}

/** For people: what the machine of a run and job is called, whatever the backend. */
export function microvmName(runId: string, jobId: string): string {
  return incusInstanceName(runId, jobId);
}
