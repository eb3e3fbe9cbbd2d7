import type { Result } from 'neverthrow';
import { machineStateLayout } from '../../domain/records/machine-layout.js';
import type { Clock } from '../../ports/clock.js';
import type { FileStore } from '../../ports/file-store.js';
import { awakeBound } from '../../streams/awake-timer.js';
import { BoundedBytes } from '../commands/bounded-bytes.js';
import type { OpenMachineFault } from '../faults/machine-fault.js';
import type { OpenMachine } from '../open-machine/open-machine.js';
import type { OpenMachineInput } from '../open-machine/open-machine-input.js';
import { failed, passed, skipped, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

const BOUND_MS = 10 * 60_000;
const LEASE_SECS = 300;
const STEP_SECS = 60;
const MOST_SAID = 1024;
/** What the supervisor can do without while a job runs: without them artifacts or exported variables are missing. */
const ALSO = 'for tool in tar tail tr wc xargs; do command -v "$tool" >/dev/null || echo "$tool"; done';
const REMEDY = 'make an image with what guest/README.md lists, and let "incus.image" name it';

export interface MachineProbe {
  readonly open: (input: OpenMachineInput) => Promise<Result<OpenMachine, OpenMachineFault>>;
  readonly localFiles: FileStore;
  readonly clock: Clock;
  readonly stateRoot: string;
  readonly signal: AbortSignal;
  /** What else is tried in the machine, when it can run commands. */
  readonly also?: (machine: OpenMachine, signal: AbortSignal) => Promise<void>;
}

/** Makes a machine, has the supervisor look at what it needs in there and run a command, and removes it. */
export async function checkMachine(probe: MachineProbe): Promise<DoctorCheck> {
  const { clock, localFiles, stateRoot } = probe;
  const signal = AbortSignal.any([probe.signal, awakeBound(BOUND_MS)]);
  const began = clock.monotonic();
  const opened = await probe.open({ leaseSecs: LEASE_SECS, quotaWaitSecs: 0, signal });
  if (opened.isErr()) return notMade(opened.error);
  const machine = opened.value;
  const found = await runIn(machine, signal);
  if (found === null || found.status === 'warning') await probe.also?.(machine, signal);
  const released = await machine.release();
  if (released.isErr())
    return warned(
      'machine',
      `${machine.name}: ${released.error.message}`,
      `pikaci machine close ${machine.id}`,
    );
  // Nobody is to find it among the machines that were opened.
  await localFiles.remove(machineStateLayout(stateRoot, machine.id).machineDir, { recursive: true });
  if (found !== null) return found;
  const seconds = ((clock.monotonic() - began) / 1000).toFixed(1);
  return passed('machine', `one was made, ran a command and was removed in ${seconds} s`);
}

/** Null when nothing is wrong. */
async function runIn(machine: OpenMachine, signal: AbortSignal): Promise<DoctorCheck | null> {
  const stdout = new BoundedBytes(MOST_SAID, 'first');
  const onOutput = (data: Uint8Array) => stdout.add(data);
  const ran = await machine.run({ command: ALSO, timeoutSecs: STEP_SECS, onOutput, signal });
  if (ran.isErr()) return notMade(ran.error);
  const { status, cause, message } = ran.value;
  if (cause === 'cancelled') return skipped('machine', 'interrupted');
  if (status !== 'passed') return failed('machine', message, REMEDY);
  const missing = Buffer.from(stdout.bytes()).toString('utf8').split('\n').filter(Boolean);
  if (missing.length === 0) return null;
  const detail = `the image has no ${missing.join(', ')}: artifacts or exported variables will be missing`;
  return warned('machine', detail, REMEDY);
}

function notMade(fault: OpenMachineFault): DoctorCheck {
  return fault.kind === 'cancelled'
    ? skipped('machine', 'interrupted')
    : failed('machine', `${fault.kind.replaceAll('_', ' ')}: ${fault.message}`, 'pikaci doctor');
}
