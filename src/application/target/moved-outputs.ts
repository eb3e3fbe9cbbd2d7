import { dirname } from 'node:path/posix';
import { err, ok, type Result } from 'neverthrow';
import type { PreparedOutput } from '../../domain/machine/machine-options.js';
import { isKeptOutput } from '../../domain/machine/remote-layout.js';
import type { RealizedPreparedOutput } from '../../domain/records/prepared-outputs-record.js';
import type { FileStore } from '../../ports/file-store.js';
import { bounded } from '../../streams/bounded.js';
import type { JobFault } from '../faults/job-fault.js';
import type { RunHold } from '../holds/run-hold.js';
import type { HostOfJob, OutputsOfJob } from '../job/run-job-call.js';
import { sendOutput } from '../prepare/send-output.js';
import type { TargetExecutionInput } from './target-execution-input.js';

export interface OutputsInput {
  readonly at: Pick<TargetExecutionInput, 'parts'>;
  readonly outputs: ReadonlyMap<string, RealizedPreparedOutput>;
  readonly hold: Pick<RunHold, 'hold'>;
}

/** The prepared outputs of one run on the members of a cluster: each is made on the host, and is sent once to each member that has a job with it. */
export class MovedOutputs {
  readonly #input: OutputsInput;
  readonly #underWay = new Map<FileStore, Map<string, Promise<Result<void, JobFault>>>>();

  constructor(input: OutputsInput) {
    this.#input = input;
  }

  /** What a job's machine mounts of them. */
  of(mounted: readonly PreparedOutput[]): OutputsOfJob {
    return {
      bound: this.#whyBound(mounted),
      bring: async (there, signal) => {
        if (there.hostFiles === this.#input.at.parts.ports.hostFiles) return ok(undefined);
        const sent = await Promise.all(mounted.map((output) => this.#bring(output, there, signal)));
        return sent.find((one) => one.isErr()) ?? ok(undefined);
      },
    };
  }

  #whyBound(mounted: readonly PreparedOutput[]): string | null {
    const { at, outputs } = this.#input;
    for (const { name, path } of mounted) {
      const made = outputs.get(name);
      if (made?.protocol === 'nix_store_path_v1')
        return `its prepared output ${name} is in the Nix store of the host`;
      if (!isKeptOutput(at.parts.settings.workDir, path))
        return `its prepared output ${name} is a directory of the host`;
      if (made?.payload?.mounts.some((mount) => !mount.read_only) !== false)
        return `its prepared output ${name} may be written to, on the host`;
    }
    return null;
  }

  async #bring(
    { name: id, path }: PreparedOutput,
    there: HostOfJob,
    signal: AbortSignal,
  ): Promise<Result<void, JobFault>> {
    const { at, hold } = this.#input;
    const { hostFiles: files } = there;
    const all = this.#underWay.get(files) ?? new Map<string, Promise<Result<void, JobFault>>>();
    this.#underWay.set(files, all);
    for (;;) {
      const underWay = all.get(path);
      if (underWay === undefined) break;
      const shared = await bounded(underWay, { signal });
      if (typeof shared === 'string') return err(cancelled(there));
      // Another job's cancel is not this one's.
      if (shared.isOk() || shared.error.kind !== 'cancelled') return shared;
    }
    const ports = { from: at.parts.ports, to: there };
    const call = { id, home: dirname(path), hold: (home: string) => hold.hold(home, files), signal };
    const sending = sendOutput(ports, call);
    all.set(path, sending);
    try {
      return await sending;
    } finally {
      all.delete(path);
    }
  }
}

function cancelled({ hostFiles: { host } }: HostOfJob): JobFault {
  return { kind: 'cancelled', phase: null, host, message: 'cancelled while a prepared output was sent' };
}
