import type { Result } from 'neverthrow';
import { type AskedShare, type HostShare, shareOf } from '../../domain/machine/host-share.js';
import type { HostDocument } from '../../domain/records/host-documents.js';
import { joinBelow } from '../../domain/values/path-rules.js';
import type { FileStore } from '../../ports/file-store.js';
import type { IncusApi } from '../../ports/incus-api.js';
import type { RemoteShell } from '../../ports/remote-shell.js';
import { runCommand } from '../commands/run-command.js';
import { hostSpace } from '../directories/host-space.js';
import type { ListedCache } from '../gc/host-caches.js';
import type { HostTime } from '../lease/host-time.js';
import type { MachineBackends } from '../machine/machine-backends.js';
import { listGroups } from '../target/list-groups.js';
import type { ListedTemplate } from '../template/host-templates.js';
import { incusMachines, type MachinesSeen, microvmMachines } from './machines-of-host.js';

const MOST = 200;
const SNAPSHOT = /^[0-9a-f]{64}$/;

export interface LookAtHostParts {
  readonly host: string;
  readonly shell: RemoteShell;
  readonly files: FileStore;
  readonly incus: IncusApi;
  readonly backends: Pick<MachineBackends, 'name' | 'leased'>;
  readonly hostTime: HostTime;
  readonly templates: { list(signal?: AbortSignal): Answer<readonly ListedTemplate[]> };
  readonly caches: { list(signal?: AbortSignal): Answer<readonly ListedCache[]> };
  readonly workDir: string;
  readonly capacity: AskedShare;
}
type Answer<T> = Promise<Result<T, { readonly message: string }>>;

/** A host as it is now: what it has, what runs and waits there, and what is kept. Each question has the same end; what fails is a problem among others. */
export async function lookAtHost(
  parts: LookAtHostParts,
  { member, signal }: { readonly member: string | null; readonly signal: AbortSignal },
): Promise<HostDocument> {
  const { host, shell, files, incus, backends, hostTime, workDir, capacity } = parts;
  const learnt = await hostTime.learn(signal);
  if (learnt.isErr()) return unreachable({ host, member, why: learnt.error.message });
  const nowMs = hostTime.now();
  const problems: string[] = [];
  const told = <T>(what: string, answer: Result<T, { readonly message: string }>): T | null => {
    if (answer.isOk()) return answer.value;
    problems.push(`${what}: ${answer.error.message}`);
    return null;
  };
  const isIncus = backends.name === 'incus';
  const found = isIncus ? incus.resources({ signal }) : resourcesOf(shell, signal);
  const [resources, space, groups, templates, caches, snapshots] = await Promise.all([
    found,
    hostSpace(shell, workDir, signal),
    listGroups({ files, workDir, nowMs, signal }),
    parts.templates.list(signal),
    parts.caches.list(signal),
    files.list(joinBelow(workDir, 'snapshots'), { signal }),
  ]);
  const physical: HostShare | null = told('what it has', resources);
  const has = physical === null ? null : { ...physical, ...sharesSaid(capacity, physical) };
  const seen: MachinesSeen = isIncus
    ? await incusMachines(incus, { has, nowMs, signal })
    : await microvmMachines(backends, { nowMs, signal });
  if (seen.problem !== null) problems.push(seen.problem);
  const places = told('the groups of runs', groups);
  const known = { templates: told('its templates', templates), caches: told('its caches', caches) };
  const gone = snapshots.isErr() && snapshots.error.kind === 'not_found';
  const names = gone ? [] : told('its snapshots', snapshots);
  const all = [seen.machines, known.templates ?? [], known.caches ?? []];
  return {
    host,
    member,
    state: 'online',
    problems,
    has: has === null ? null : { cpu: has.cpu, memory_bytes: has.memoryBytes },
    asked: seen.asked,
    free_disk_bytes: space?.bytes ?? null,
    machines: seen.machines.slice(0, MOST),
    queue: seen.queue.slice(0, MOST),
    groups: places?.groups ?? [],
    templates: known.templates?.slice(0, MOST).map(templateOf) ?? null,
    caches: known.caches?.slice(0, MOST).map(cacheOf) ?? null,
    snapshots: names?.filter(({ name }) => SNAPSHOT.test(name)).length ?? null,
    left_out: all.reduce(
      (sum, { length }) => sum + Math.max(0, length - MOST),
      Math.max(0, seen.queue.length - MOST) + (places?.leftOut ?? 0),
    ),
  };
}

/** One that does not answer, or that its cluster says nothing can be made on. */
export function unreachable({
  host,
  member,
  why,
  state = 'unreachable',
}: {
  readonly host: string;
  readonly member: string | null;
  readonly why: string | null;
  readonly state?: string;
}): HostDocument {
  return {
    host,
    member,
    state,
    problems: why === null ? [] : [why],
    has: null,
    asked: { cpu: 0, memory_bytes: 0 },
    free_disk_bytes: null,
    machines: [],
    queue: [],
    groups: [],
    templates: null,
    caches: null,
    snapshots: null,
    left_out: 0,
  };
}

function sharesSaid(capacity: AskedShare, host: HostShare): Partial<HostShare> {
  const said = shareOf(capacity, host);
  return {
    ...(capacity.cpu === undefined ? {} : { cpu: said.cpu }),
    ...(capacity.memory === undefined ? {} : { memoryBytes: said.memoryBytes }),
  };
}

/** Of a host without Incus (`getconf`: POSIX, the name is glibc's and busybox's; `/proc/meminfo` counts in KiB). */
async function resourcesOf(shell: RemoteShell, signal: AbortSignal): Answer<HostShare> {
  const script = 'getconf _NPROCESSORS_ONLN; sed -n "s/^MemTotal: *//p" /proc/meminfo';
  const call = { purpose: 'ask what the host has', timeoutSecs: 20, signal };
  const said = await runCommand(shell, { argv: ['sh', '-c', script] }, call);
  return said.map((text) => {
    const [cpu = 0, kib = 0] = Buffer.from(text)
      .toString('utf8')
      .split('\n')
      .map((line) => Number.parseInt(line, 10) || 0);
    return { cpu, memoryBytes: kib * 1024 };
  });
}

function templateOf({ name, key, bytes, lastUsedAt, inUse }: ListedTemplate) {
  return { name, key, bytes, last_used_at: lastUsedAt, in_use: inUse };
}

function cacheOf({ key, scope, bytes, lastUsedAt, inUse }: ListedCache) {
  return { key, scope, bytes, last_used_at: lastUsedAt, in_use: inUse };
}
