import { endOfLook, inTime } from '../application/hosts/in-time.js';
import { lookAtHost, unreachable } from '../application/hosts/look-at-host.js';
import type { HostDocument, HostsDocument } from '../domain/records/host-documents.js';
import type { Services } from './wire-services.js';

/** The host, and where jobs may run on several members of its cluster, each of those. Never waits for one longer than a look takes at most. */
export async function lookAtHosts(
  services: Services,
  asked: AbortSignal | undefined,
): Promise<HostsDocument> {
  const signal = endOfLook(asked);
  const { members, ports } = services;
  const cluster = members === null ? null : await members.look(signal);
  const own = cluster?.isOk() === true ? (cluster.value?.own ?? null) : null;
  const others = cluster?.isOk() === true ? (cluster.value?.members ?? []) : [];
  const hosts = await Promise.all([
    inTime({ host: ports.shell.host, member: own }, signal, () => hostOf(services, own, signal)),
    ...others
      .filter(({ name }) => name !== own)
      .map(async ({ name: member, url, status }): Promise<HostDocument> => {
        const at = { host: URL.canParse(url) ? new URL(url).hostname : url, member };
        if (status !== 'Online') return unreachable({ ...at, why: null, state: status.toLowerCase() });
        return await inTime(at, signal, async () => {
          const there = await members?.on({ name: member, url }, signal);
          if (there === undefined || there.isErr())
            return unreachable({ ...at, why: there?.error.message ?? null });
          return await hostOf(there.value, member, signal);
        });
      }),
  ]);
  const problem = cluster?.isErr() === true ? [`the members of the cluster: ${cluster.error.message}`] : [];
  const [first, ...rest] = hosts;
  const told = first === undefined ? [] : [{ ...first, problems: [...problem, ...first.problems] }, ...rest];
  return {
    type: 'hosts',
    schema_version: 1,
    seen_at: new Date(ports.clock.now()).toISOString(),
    hosts: told,
  };
}

function hostOf(
  { ports, settings, backends, hostTemplates, hostCaches, hostTime }: Services,
  member: string | null,
  signal: AbortSignal,
): Promise<HostDocument> {
  const { shell, hostFiles: files, incus } = ports;
  const { workDir, incusCapacity } = settings;
  const kept = { templates: hostTemplates, caches: hostCaches };
  const place = { host: shell.host, shell, files, incus, backends, hostTime, workDir, ...kept };
  return lookAtHost({ ...place, capacity: incusCapacity ?? {} }, { member, signal });
}
