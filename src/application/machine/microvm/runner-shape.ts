import type { JobSpec } from '../../../domain/job/job-spec.js';
import { bytesOf } from '../../../domain/values/byte-size.js';

/** One directory (or file) of the host that the machine gets over virtio-fs. */
export interface MicrovmShare {
  readonly tag: string;
  readonly source: string;
  readonly kind: 'directory' | 'file';
  readonly readOnly: boolean;
  /** Null for those that the guest's script mounts by itself. */
  readonly guestPath: string | null;
}

/** What a runner that is built for a job has to know; jobs of one shape share a runner. Null leaves a value to the runner. */
export interface RunnerShape {
  readonly shares: readonly { readonly tag: string; readonly readOnly: boolean }[];
  readonly cpus: number | null;
  readonly memoryMib: number | null;
  readonly diskMib: number | null;
}

export function runnerShape(
  shares: readonly MicrovmShare[],
  { cpu, memory, disk }: JobSpec['limits'],
): RunnerShape {
  return {
    shares: shares.map(({ tag, readOnly }) => ({ tag, readOnly })),
    cpus: cpu ?? null,
    memoryMib: memory === undefined ? null : mebibytes(memory),
    diskMib: disk === undefined ? null : mebibytes(disk),
  };
}

/** Rounded up: what a machine's memory and disks are counted in. */
const mebibytes = (size: string) => Math.ceil(bytesOf(size) / 1024 ** 2);
