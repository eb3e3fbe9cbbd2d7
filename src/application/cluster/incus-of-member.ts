import { err, type Result } from 'neverthrow';
import type { IncusApi } from '../../ports/incus-api.js';
import type { IncusFault } from '../../ports/incus-fault.js';
import type { IncusCreateInstance } from '../../ports/incus-types.js';
import { createClusterNetwork } from './create-cluster-network.js';
import type { HostMember } from './host-member.js';
import { overlay } from './overlay.js';

/** Where its member is evacuated it is stopped and not moved: its directories are there. */
function stayingThere(instance: IncusCreateInstance): IncusCreateInstance {
  if (instance.target === undefined) return instance;
  return { ...instance, config: { 'cluster.evacuate': 'stop', ...instance.config } };
}

/**
 * The daemon as one host sees it. In a cluster the host is one member of several: its machines are made there, where their directories
 * are, and what the other members have is not its own. A daemon in no cluster is left as it is, and asked nothing more.
 */
export function incusOfMember(incus: IncusApi, member: HostMember): IncusApi {
  /** `act` with the member that is meant. */
  const there = async <T>(
    options: { readonly target?: string | undefined; readonly signal?: AbortSignal } | undefined,
    act: (target: { readonly target?: string }) => Promise<Result<T, IncusFault>>,
  ): Promise<Result<T, IncusFault>> => {
    if (options?.target !== undefined) return act({ target: options.target });
    const name = await member.name(options?.signal);
    if (name.isErr()) return err(name.error);
    return act(name.value === null ? {} : { target: name.value });
  };
  const onlyOwn = async <T extends { readonly location?: string | undefined }>(
    all: Result<readonly T[], IncusFault>,
    signal: AbortSignal | undefined,
  ): Promise<Result<readonly T[], IncusFault>> => {
    const isSpread = (one: T) => one.location !== undefined && one.location !== 'none' && one.location !== '';
    if (all.isErr() || !all.value.some(isSpread)) return all;
    const name = await member.name(signal);
    return name.map((own) =>
      all.value.filter((one) => !isSpread(one) || own === null || one.location === own),
    );
  };
  return overlay<IncusApi>(incus, {
    server: async (options) => {
      const said = await incus.server(options);
      if (said.isOk()) member.heard(said.value);
      return said;
    },
    createInstance: (project, instance, options) =>
      there({ ...options, target: instance.target }, (target) =>
        incus.createInstance(project, stayingThere({ ...instance, ...target }), options),
      ),
    instances: async (project, options) => onlyOwn(await incus.instances(project, options), options?.signal),
    instancesOfAllProjects: async (options) =>
      onlyOwn(await incus.instancesOfAllProjects(options), options?.signal),
    resources: (options) => there(options, (target) => incus.resources({ ...options, ...target })),
    createNetwork: async (project, network, options) => {
      const name = await member.name(options?.signal);
      if (name.isErr()) return err(name.error);
      return name.value === null
        ? incus.createNetwork(project, network, options)
        : createClusterNetwork(incus, project, network, options);
    },
    createVolume: (project, volume, options) =>
      there(options, (target) => incus.createVolume(project, volume, { ...options, ...target })),
    volume: (project, pool, name, options) =>
      there(options, (target) => incus.volume(project, pool, name, { ...options, ...target })),
    volumes: async (project, pool, options) =>
      onlyOwn(await incus.volumes(project, pool, options), options?.signal),
    patchVolume: (project, pool, name, config, options) =>
      there(options, (target) => incus.patchVolume(project, pool, name, config, { ...options, ...target })),
    snapshotVolume: (project, pool, name, snapshot, options) =>
      there(options, (target) =>
        incus.snapshotVolume(project, pool, name, snapshot, { ...options, ...target }),
      ),
    deleteVolume: (project, pool, name, options) =>
      there(options, (target) => incus.deleteVolume(project, pool, name, { ...options, ...target })),
  });
}
