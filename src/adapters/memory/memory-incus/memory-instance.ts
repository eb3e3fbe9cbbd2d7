import type {
  IncusCreateInstance,
  IncusDevices,
  IncusInstance,
  IncusProfile,
} from '../../../ports/incus-types.js';
import { etagOf } from './etag.js';
import type { MemoryExec } from './memory-exec.js';
import { MemoryFiles } from './memory-files.js';

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
  readonly files = new MemoryFiles();
  readonly execs = new Set<MemoryExec>();

  constructor(
    readonly project: string,
    readonly created: IncusCreateInstance,
    readonly fingerprint: string,
    readonly createdAt: string,
    private readonly profileOf: (name: string) => IncusProfile | undefined,
  ) {
    this.ephemeral = created.ephemeral;
    this.description = created.description ?? '';
    this.profiles = created.profiles ?? ['default'];
    this.config = {
      ...created.config,
      'volatile.base_image': fingerprint,
    };
    this.devices = created.devices;
  }

  get name(): string {
    return this.created.name;
  }

  get expandedDevices(): IncusDevices {
    const inherited = this.profiles.map((name) => this.profileOf(name)?.devices ?? {});
    return Object.assign({}, ...inherited, this.devices) as IncusDevices;
  }

  get etag(): string {
    return etagOf([this.config, this.devices, this.ephemeral, this.profiles, this.description]);
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
      location: 'none',
    };
  }
}
