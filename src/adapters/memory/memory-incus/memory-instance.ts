import type {
  IncusCreateInstance,
  IncusDevices,
  IncusInstance,
  IncusProfile,
} from '../../../ports/incus-types.js';
import { etagOf } from './etag.js';
import type { MemoryExec } from './memory-exec.js';
import { MemoryFiles } from './memory-files.js';

/** What a snapshot has kept of an instance. */
export interface MemorySnapshot {
  readonly createdAt: string;
  readonly expiresAt: string | null;
  readonly type: IncusInstance['type'];
  readonly fingerprint: string;
  readonly profiles: readonly string[];
  readonly config: Readonly<Record<string, string>>;
  readonly devices: IncusDevices;
  readonly files: MemoryFiles;
}

/** One instance of the fake, open to inspection. */
export class MemoryInstance {
  status: 'Stopped' | 'Running' | 'Frozen' = 'Stopped';
  ephemeral: boolean;
  description: string;
  profiles: readonly string[];
  config: Readonly<Record<string, string>>;
  devices: IncusDevices;
  /** The operation that holds the instance, such as `create`; another one is refused as busy. */
  busyWith: string | null = null;
  readonly files: MemoryFiles;
  /** By their names. */
  readonly snapshots = new Map<string, MemorySnapshot>();
  readonly execs = new Set<MemoryExec>();

  constructor(
    readonly project: string,
    readonly created: IncusCreateInstance,
    readonly fingerprint: string,
    readonly createdAt: string,
    private readonly profileOf: (name: string) => IncusProfile | undefined,
    copied: MemorySnapshot | null = null,
    /** The member of the cluster that it is on. */
    private readonly location = 'none',
  ) {
    this.ephemeral = created.ephemeral;
    this.description = created.description ?? '';
    this.profiles = created.profiles ?? copied?.profiles ?? ['default'];
    this.config = {
      ...copied?.config,
      ...created.config,
      'volatile.base_image': fingerprint,
    };
    this.devices = { ...copied?.devices, ...created.devices };
    this.files = copied?.files.clone() ?? new MemoryFiles();
  }

  get name(): string {
    return this.created.name;
  }

  get expandedDevices(): IncusDevices {
    const inherited = this.profiles.map((name) => this.profileOf(name)?.devices ?? {});
    const all = Object.assign({}, ...inherited, this.devices) as IncusDevices;
    return Object.fromEntries(Object.entries(all).filter(([, { type }]) => type !== 'none'));
  }

  get etag(): string {
    return etagOf([this.config, this.devices, this.ephemeral, this.profiles, this.description]);
  }

  snapshot(createdAt: string, expiresAt: string | null): MemorySnapshot {
    const { fingerprint, profiles, config, devices } = this;
    const { type } = this.created;
    return { createdAt, expiresAt, type, fingerprint, profiles, config, devices, files: this.files.clone() };
  }

  view(): IncusInstance {
    return {
      name: this.name,
      project: this.project,
      type: this.created.type,
      status: this.status,
      ephemeral: this.ephemeral,
      architecture: 'x86_64',
      description: this.description,
      profiles: this.profiles,
      config: this.config,
      devices: this.devices,
      expandedDevices: this.expandedDevices,
      createdAt: this.createdAt,
      location: this.location,
    };
  }
}
