import { ok, type Result } from 'neverthrow';
import type { IncusResources } from '../../../ports/incus-cluster-types.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type {
  IncusConfig,
  IncusCreateNetworkAcl,
  IncusDevices,
  IncusImage,
  IncusNetwork,
  IncusProfile,
  IncusProject,
  IncusSource,
  IncusStoragePool,
  IncusVolume,
} from '../../../ports/incus-types.js';
import { beginningOfImage } from './image-file.js';
import type { MemoryCluster } from './memory-cluster.js';
import { refuse } from './memory-fault.js';
import type { MemoryInstance, MemorySnapshot } from './memory-instance.js';

/** What one project holds. Open to tests: what is put in is there. */
export interface MemoryProject {
  config: IncusConfig;
  readonly profiles: Map<string, IncusProfile>;
  readonly images: Map<string, IncusImage>;
  /** The files of those images that have any, by their fingerprints; an instance of another begins empty. */
  readonly imageFiles: Map<string, Uint8Array>;
  readonly instances: Map<string, MemoryInstance>;
  /** By `pool/name` and `pool/name/snapshot`. */
  readonly volumes: Map<string, Omit<IncusVolume, 'usedBy'>>;
}

/** All that the fake daemon has. Starts without a network, with the project `default`, its empty default profile and the btrfs pool `default`. */
export class MemoryWorld {
  /** By which this daemon is told from another one; a test may make it another one's. */
  certificateFingerprint = 'f'.repeat(64);
  readonly projects = new Map<string, MemoryProject>();
  /** `told` are the members of a cluster that know of one which is not made yet. */
  readonly networks = new Map<string, Omit<IncusNetwork, 'usedBy'> & { readonly told?: readonly string[] }>();
  readonly networkAcls = new Map<string, IncusCreateNetworkAcl>();
  readonly pools = new Map<string, IncusStoragePool>();
  /** Null for a daemon that is in none. */
  cluster: MemoryCluster | null = null;
  /** Of the host. */
  resources: IncusResources = { cpu: 4, memoryBytes: 8 * 1024 ** 3 };

  constructor() {
    this.addProject('default');
    this.pools.set('default', { name: 'default', driver: 'btrfs', config: {} });
  }

  addProject(name: string, config: IncusConfig = {}): MemoryProject {
    const project: MemoryProject = {
      config,
      profiles: new Map([['default', { name: 'default', config: {}, devices: {} }]]),
      images: new Map(),
      imageFiles: new Map(),
      instances: new Map(),
      volumes: new Map(),
    };
    this.projects.set(name, project);
    return project;
  }

  addProfile(project: string, name: string, devices: IncusDevices = {}, config: IncusConfig = {}): void {
    this.#existing(project).profiles.set(name, { name, config, devices });
  }

  /** An image under an alias; its fingerprint is made from the alias unless it is given. */
  addImage(
    project: string,
    alias: string,
    fingerprint = Buffer.from(alias).toString('hex').padEnd(64, '0'),
  ): string {
    this.#existing(project).images.set(fingerprint, {
      fingerprint,
      type: 'container',
      architecture: 'x86_64',
      aliases: [alias],
      size: 1_000_000,
      properties: {},
      filename: '',
      uploadedAt: new Date(0).toISOString(),
    });
    return fingerprint;
  }

  project(name: string, tried: string): Result<MemoryProject, IncusFault> {
    const found = this.projects.get(name);
    return found ? ok(found) : refuse('not_found', tried, 'Project not found');
  }

  instance(project: string, name: string, tried: string): Result<MemoryInstance, IncusFault> {
    return this.project(project, tried).andThen(({ instances }) => {
      const found = instances.get(name);
      return found ? ok(found) : refuse('not_found', tried, 'Instance not found');
    });
  }

  profile(project: string, name: string): Result<IncusProfile, IncusFault> {
    const tried = `GET /1.0/profiles/${name}`;
    return this.project(project, tried).andThen(({ profiles }) => {
      const found = profiles.get(name);
      return found ? ok(found) : refuse('not_found', tried, 'Profile not found');
    });
  }

  image(project: string, fingerprint: string): Result<IncusImage, IncusFault> {
    const tried = `GET /1.0/images/${fingerprint}`;
    return this.project(project, tried).andThen(({ images }) => {
      const found = images.get(fingerprint);
      return found ? ok(found) : refuse('not_found', tried, 'Image not found');
    });
  }

  viewProject(name: string): Result<IncusProject, IncusFault> {
    return this.project(name, `GET /1.0/projects/${name}`).map(({ config }) => ({ name, config }));
  }

  fingerprintOf(project: MemoryProject, source: IncusSource, tried: string): Result<string, IncusFault> {
    const { images } = project;
    if (source === 'none') return ok('');
    if ('copyOf' in source)
      return this.snapshotOf(project, source, tried).map((found) => found?.fingerprint ?? '');
    if ('fingerprint' in source) {
      return images.has(source.fingerprint)
        ? ok(source.fingerprint)
        : refuse('not_found', tried, `Image "${source.fingerprint}" not found`);
    }
    const found = [...images.values()].find(({ aliases }) => aliases.includes(source.alias));
    return found
      ? ok(found.fingerprint)
      : refuse('not_found', tried, `Image alias "${source.alias}" not found`);
  }

  /** What a new instance begins with; null where that is nothing. */
  beginningOf(
    project: MemoryProject,
    source: IncusSource,
    tried: string,
  ): Result<MemorySnapshot | null, IncusFault> {
    if (source === 'none' || 'copyOf' in source) return this.snapshotOf(project, source, tried);
    return this.fingerprintOf(project, source, tried).map((fingerprint) =>
      beginningOfImage(project, fingerprint),
    );
  }

  /** Null for what is no copy. */
  snapshotOf(
    { instances }: MemoryProject,
    source: IncusSource,
    tried: string,
  ): Result<MemorySnapshot | null, IncusFault> {
    if (source === 'none' || !('copyOf' in source)) return ok(null);
    const { instance, snapshot } = source.copyOf;
    const found = instances.get(instance)?.snapshots.get(snapshot);
    return found ? ok(found) : refuse('not_found', tried, 'Instance snapshot not found');
  }

  #existing(project: string): MemoryProject {
    return this.projects.get(project) ?? this.addProject(project);
  }
}
