import { parseByteSize } from '../values/byte-size.js';
import type { Trust } from '../values/trust.js';

/** What one host has for machines, or what is asked for of it. Cores may be parts of one. */
export interface HostShare {
  readonly cpu: number;
  readonly memoryBytes: number;
}

/** As it is said: `memory` is a size, or a share of the host's such as `80%`. */
export interface AskedShare {
  readonly cpu?: number | undefined;
  readonly memory?: string | undefined;
}

const CPU = 'user.pikaci.requests_cpu';
const MEMORY = 'user.pikaci.requests_memory';
const QUEUED_AT = 'user.pikaci.queued_at_ms';
const PRIORITY = 'user.pikaci.priority';

/** What a machine asks its host for: what it says, else its own limits. What nobody says is nothing. */
export function askedShare({
  requests,
  limits,
}: {
  readonly requests?: AskedShare | undefined;
  readonly limits: AskedShare;
}): AskedShare {
  return { cpu: requests?.cpu ?? limits.cpu, memory: requests?.memory ?? limits.memory };
}

/** The keys of an instance that say what it asks for; all that use its host read them. */
export function askedConfig({ cpu, memory }: AskedShare): Record<string, string> {
  return {
    ...(cpu === undefined ? {} : { [CPU]: String(cpu) }),
    ...(memory === undefined ? {} : { [MEMORY]: memory }),
  };
}

/** Of an instance on a host that has so much. What cannot be read counts as nothing. */
export function readAsked(config: Readonly<Record<string, string>>, host: HostShare): HostShare {
  const cpu = Number(config[CPU] ?? 0);
  return {
    cpu: Number.isFinite(cpu) && cpu > 0 ? cpu : 0,
    memoryBytes: memoryOf(config[MEMORY] ?? '', host),
  };
}

export function shareOf({ cpu = 0, memory = '' }: AskedShare, host: HostShare): HostShare {
  return { cpu, memoryBytes: memoryOf(memory, host) };
}

function memoryOf(text: string, { memoryBytes }: HostShare): number {
  const [, percent] = /^([0-9]{1,3})%$/.exec(text) ?? [];
  return percent === undefined
    ? (parseByteSize(text) ?? 0)
    : Math.floor((memoryBytes * Number(percent)) / 100);
}

/** The priority that counts: who is not trusted comes before nobody. */
export function priorityOf(
  { priority = 0 }: { readonly priority?: number | undefined },
  trust: Trust,
): number {
  return trust === 'untrusted' ? Math.min(priority, 0) : priority;
}

/** A machine that has its place in the queue: it is made, and not started. */
export interface QueuePlace {
  /** When it came, by the host's clock, ms since the epoch. */
  readonly queuedAtMs: number;
  /** The highest comes first. */
  readonly priority: number;
}

export function queueConfig({ queuedAtMs, priority }: QueuePlace): Record<string, string> {
  return { [QUEUED_AT]: String(Math.round(queuedAtMs)), [PRIORITY]: String(priority) };
}

/** The change by which a machine leaves the queue: what it asks for is its own from then on. */
export const OUT_OF_QUEUE: Readonly<Record<string, null>> = { [QUEUED_AT]: null, [PRIORITY]: null };

/** Null for a machine that waits in no queue. */
export function readQueuePlace(config: Readonly<Record<string, string>>): QueuePlace | null {
  const queuedAt = config[QUEUED_AT];
  if (queuedAt === undefined) return null;
  const [queuedAtMs, priority] = [Number(queuedAt), Number(config[PRIORITY] ?? 0)];
  return {
    queuedAtMs: Number.isFinite(queuedAtMs) ? queuedAtMs : 0,
    priority: Number.isInteger(priority) ? Math.min(Math.max(priority, -100), 100) : 0,
  };
}
