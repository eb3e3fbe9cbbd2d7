import type { HostShare, QueuePlace } from './host-share.js';

/** A machine of the host, as the queue sees it. */
export interface QueuedMachine {
  /** Tells machines that came at the same moment apart. */
  readonly id: string;
  readonly asks: HostShare;
  /** Null for one that has what it asks for. */
  readonly waits: QueuePlace | null;
}

export interface QueueVerdict {
  readonly fits: boolean;
  /** What machines have that do not wait. */
  readonly taken: HostShare;
  readonly holders: number;
  /** How many wait before it. */
  readonly ahead: number;
}

/**
 * Whether a machine that waits may take what it asks for: it has to fit beside those that have theirs and those that wait before it. Nobody
 * passes one that waits longer for the same, however large that is, so that it is not waited for without end; one that asks for more than there
 * is keeps nobody. Of what it does not ask for, cores or memory, others may have more than there is: limits alone are not waited with.
 */
export function judgeQueue(
  own: QueuedMachine & { readonly waits: QueuePlace },
  others: readonly QueuedMachine[],
  host: HostShare,
): QueueVerdict {
  const holders = others.filter(({ waits, asks }) => waits === null && isSomething(asks));
  const before = others.filter(
    ({ waits, asks, id }) => waits !== null && isWithin(asks, host) && isBefore({ ...waits, id }, own),
  );
  const taken = sum(holders);
  const fits = isWithin(ofThat(own.asks, sum([...holders, ...before, own])), host);
  return { fits, taken, holders: holders.length, ahead: before.length };
}

/** Whether, of what one asks for, all machines that do not wait have more than there is. */
export function isOvercommitted(
  machines: readonly QueuedMachine[],
  asks: HostShare,
  host: HostShare,
): boolean {
  return !isWithin(ofThat(asks, sum(machines.filter(({ waits }) => waits === null))), host);
}

/** Whether it would fit on the host with nobody else there. */
export function isWithin(asks: HostShare, host: HostShare): boolean {
  // Parts of cores are added up.
  return asks.cpu <= host.cpu + 1e-6 && asks.memoryBytes <= host.memoryBytes;
}

function isBefore(
  one: QueuePlace & { readonly id: string },
  other: { readonly id: string; readonly waits: QueuePlace },
): boolean {
  const { waits } = other;
  if (one.priority !== waits.priority) return one.priority > waits.priority;
  if (one.queuedAtMs !== waits.queuedAtMs) return one.queuedAtMs < waits.queuedAtMs;
  return one.id < other.id;
}

/** Only what is asked for. */
function ofThat(asks: HostShare, all: HostShare): HostShare {
  return { cpu: asks.cpu > 0 ? all.cpu : 0, memoryBytes: asks.memoryBytes > 0 ? all.memoryBytes : 0 };
}

const isSomething = ({ cpu, memoryBytes }: HostShare) => cpu > 0 || memoryBytes > 0;

function sum(machines: readonly Pick<QueuedMachine, 'asks'>[]): HostShare {
  return machines.reduce(
    (all, { asks }) => ({
      cpu: all.cpu + asks.cpu,
      memoryBytes: all.memoryBytes + asks.memoryBytes,
    }),
    { cpu: 0, memoryBytes: 0 },
  );
}
