import { err, ok, type Result } from 'neverthrow';
import { readAcquisitionWord } from '../../../domain/machine/acquisition.js';
import type { Lease } from '../../../domain/machine/lease.js';
import type { JobFault } from '../../faults/job-fault.js';
import type { FoundLease, LeaseStore, LeaseStoreFault } from '../../lease/lease-store.js';
import type { HostAnswer, MicrovmHost } from './microvm-host.js';
import { leaseLine, readLeaseLine } from './microvm-lease.js';

/** The file beside the machine, compared and replaced under a lock of the host. */
export class MicrovmLeaseStore implements LeaseStore {
  readonly #host: MicrovmHost;
  readonly #jobDir: string;

  constructor(
    host: MicrovmHost,
    jobDir: string,
    readonly machine: string,
  ) {
    this.#host = host;
    this.#jobDir = jobDir;
  }

  async read(signal: AbortSignal): Promise<Result<FoundLease, LeaseStoreFault>> {
    const answer = await this.#host.ask(['lease', this.#jobDir], { signal, phase: null });
    return this.#taken('lease', answer).map(({ stdout }) => {
      const [version = '', owner = ''] = stdout.split('\n');
      return { lease: readLeaseLine(version, readAcquisitionWord(owner)), version };
    });
  }

  async write(lease: Lease, version: string, signal: AbortSignal): Promise<Result<void, LeaseStoreFault>> {
    const words = ['lease-swap', this.#jobDir, version, leaseLine(lease)];
    const answer = await this.#host.ask(words, { signal, phase: null });
    return this.#taken('lease-swap', answer).map(() => undefined);
  }

  #taken(word: string, answer: Result<HostAnswer, JobFault>): Result<HostAnswer, LeaseStoreFault> {
    if (answer.isErr()) return err({ kind: 'failed', fault: answer.error });
    if (answer.value.code === 0) return ok(answer.value);
    const { name } = answer.value;
    const kind = name === 'not_found' || name === 'stale' ? name : 'failed';
    return err({ kind, fault: this.#host.refused(word, answer.value, null) });
  }
}
