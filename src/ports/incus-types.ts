/** The parts of the Incus REST API that pikaci reads and writes, in TypeScript names. Source: doc/rest-api.yaml of Incus 6.0. */

export type IncusConfig = Readonly<Record<string, string>>;
/** A device of an instance: its `type`, and the keys of that type. */
export type IncusDevice = Readonly<Record<string, string>>;
/** Devices by their names. */
export type IncusDevices = Readonly<Record<string, IncusDevice>>;
/** The kinds of instance. */
export type IncusInstanceType = 'container' | 'virtual-machine';

/** A daemon, and what it can do. */
export interface IncusServer {
  readonly apiVersion: string;
  /** `environment.server_version`, such as `6.0.4`. */
  readonly serverVersion: string;
  readonly apiExtensions: readonly string[];
  /** `trusted` or `untrusted`. */
  readonly auth: string;
  readonly clustered: boolean;
  /** Of the daemon that answers, in a cluster the name of its member; empty where it does not say. */
  readonly serverName: string;
  readonly kernelVersion: string;
  readonly architectures: readonly string[];
  /** SHA-256 of the daemon's certificate, which all members of a cluster share: it tells two daemons apart. Empty where the daemon does not say. */
  readonly certificateFingerprint: string;
  /** The daemon's clock, from the `Date` header, ms since the epoch; resolution one second. */
  readonly hostTimeMs: number | null;
}

/** A project: a space of names of its own, with limits and rules in `config`. */
export interface IncusProject {
  readonly name: string;
  readonly config: IncusConfig;
}

/** A profile: configuration and devices that instances take over. */
export interface IncusProfile {
  readonly name: string;
  readonly config: IncusConfig;
  readonly devices: IncusDevices;
}

/** A network. `managed` is false for one that the daemon has only found on the host. */
export interface IncusNetwork {
  readonly name: string;
  readonly type: string;
  readonly managed: boolean;
  /** `Created`, `Pending`, `Unavailable` …, and in a cluster that of the member that was asked; left out where the daemon does not say. */
  readonly status?: string | undefined;
  readonly description?: string | undefined;
  /** Empty for a client that is restricted to projects: it may not see it. */
  readonly config: IncusConfig;
  /** Paths of the API; of the instances and profiles that this client may see. */
  readonly usedBy: readonly string[];
}

/** A bridge to make. A description that a member is told stays. */
export interface IncusCreateNetwork {
  /** At most 15 characters. */
  readonly name: string;
  readonly config: IncusConfig;
  readonly description: string;
}

/** What may pass the border of a network. */
export interface IncusCreateNetworkAcl {
  readonly name: string;
  readonly description: string;
  readonly egress: readonly IncusAclRule[];
  readonly ingress: readonly IncusAclRule[];
}

/** A rule of an ACL; addresses and ranges, with commas between them. */
export interface IncusAclRule {
  readonly action: 'allow' | 'reject' | 'drop';
  readonly source?: string;
  readonly destination?: string;
}

/** A storage pool, and the driver that it is on. */
export interface IncusStoragePool {
  readonly name: string;
  readonly driver: string;
  /** As that of a network. */
  readonly status?: string | undefined;
  readonly config: IncusConfig;
}

/** An image that instances are made from. */
export interface IncusImage {
  readonly fingerprint: string;
  readonly type: IncusInstanceType;
  readonly architecture: string;
  readonly aliases: readonly string[];
  /** Bytes. */
  readonly size: number;
  readonly properties: Readonly<Record<string, string>>;
  /** What whoever uploaded or published it called its file. */
  readonly filename: string;
  /** When it came to this daemon; ISO 8601, by its clock. */
  readonly uploadedAt: string;
}

/** What an image is made with from a snapshot of an instance. */
export interface IncusPublishImage {
  readonly of: IncusSnapshotName;
  /** They are in the image's file, beside those of the image that the instance was made from. */
  readonly properties: Readonly<Record<string, string>>;
  /** Known to this daemon only: it is not in the file. */
  readonly filename: string;
  /** How the file is packed, such as `gzip -1`; the daemon's own choice when left out. */
  readonly compression?: string;
}

/** The file of an image, as it comes in. */
export interface IncusImageUpload {
  /** One that throws ends the upload, and nothing of it is kept. */
  readonly content: AsyncIterable<Uint8Array>;
  readonly filename: string;
}

/** An instance as the daemon has it. */
export interface IncusInstance {
  readonly name: string;
  readonly project: string;
  readonly type: IncusInstanceType;
  /** `Running`, `Stopped`, `Frozen`, `Error` … as the daemon says. */
  readonly status: string;
  readonly ephemeral: boolean;
  readonly architecture: string;
  readonly description: string;
  readonly profiles: readonly string[];
  readonly config: IncusConfig;
  readonly devices: IncusDevices;
  readonly expandedDevices: IncusDevices;
  readonly createdAt: string;
  /** Cluster member, `none` when standalone. */
  readonly location: string;
}

/** A value with the ETag it had, for `If-Match`. */
export interface Tagged<T> {
  readonly value: T;
  readonly etag: string;
}

/** What an instance is made from. */
export type IncusSource =
  | { readonly alias: string }
  | { readonly fingerprint: string }
  | { readonly copyOf: IncusSnapshotName }
  | 'none';

/** A snapshot of an instance of the same project. */
export interface IncusSnapshotName {
  readonly instance: string;
  readonly snapshot: string;
}

/** A snapshot of an instance. Times are ISO 8601, by the daemon's clock. */
export interface IncusInstanceSnapshot {
  readonly name: string;
  readonly createdAt: string;
  /** When the daemon removes it by itself, within a minute or so; null when it does not. */
  readonly expiresAt: string | null;
  readonly config: IncusConfig;
}

/** What an instance is created with. */
export interface IncusCreateInstance {
  readonly name: string;
  readonly type: IncusInstanceType;
  readonly ephemeral: boolean;
  /** Start it in the same operation (API extension `instance_create_start`). */
  readonly start: boolean;
  /**
   * The image; `none` makes an instance with an empty root disk, which cannot be started. A copy of a snapshot takes over the configuration
   * keys and devices of it that are not said here, but for what the daemon makes anew for each instance, such as addresses.
   */
  readonly source: IncusSource;
  /** Left out: the default profile. Empty: none. */
  readonly profiles?: readonly string[];
  readonly config: IncusConfig;
  readonly devices: IncusDevices;
  readonly description?: string;
  /** Cluster placement, `member` or `@group`. */
  readonly target?: string;
}

/** The whole of what PUT replaces. */
export interface IncusInstancePut {
  readonly config: IncusConfig;
  readonly devices: IncusDevices;
  readonly profiles: readonly string[];
  readonly ephemeral: boolean;
  readonly architecture: string;
  readonly description: string;
}

/** What is to happen to an instance. */
export interface IncusStateChange {
  readonly action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze';
  /** Seconds to wait for a clean end; 0 together with `force` ends it at once. */
  readonly timeoutSecs: number;
  readonly force: boolean;
}

/** What runs in an instance. `pid` is that of its first process on the host, 0 when it does not run. */
export interface IncusInstanceState {
  readonly status: string;
  readonly pid: number;
  readonly processes: number;
}

/** A command for an instance. `command` is passed on as it is: no shell interprets any part of it. */
export interface IncusExecRequest {
  readonly command: readonly [string, ...string[]];
  /** Visible to everyone who may see the daemon's events: never a secret. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly user?: number;
  readonly group?: number;
  /**
   * Sent to standard input, which is then ended; empty when left out, except that a terminal's stays open. With `'open'` the
   * caller writes through `IncusExec.write`.
   */
  readonly stdin?: Uint8Array | 'open';
  /** A terminal: stdout and stderr come as one stream. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

/** Something that the daemon does in the background. `statusCode`: 200 for success, 400 failure, 401 cancelled, 1xx under way. */
export interface IncusOperation {
  readonly id: string;
  readonly class: string;
  readonly description: string;
  readonly status: string;
  readonly statusCode: number;
  readonly mayCancel: boolean;
  readonly error: string;
  /** Paths of the API, by kind: `{ instances: ['/1.0/instances/x'] }`. */
  readonly resources: Readonly<Record<string, readonly string[]>>;
}

/** Something that happened at a daemon; `timestamp` is ISO 8601, by its clock. */
export interface IncusEvent {
  readonly type: string;
  readonly project: string;
  readonly timestamp: string;
  /** As the daemon sent it; parse before use. */
  readonly metadata: unknown;
}

/** What the daemon says of a path in an instance. `mode` has permission bits only. */
export interface IncusFileInfo {
  readonly type: 'file' | 'directory' | 'symlink';
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

/** A path in an instance, with what is in it. */
export interface IncusFileContent extends IncusFileInfo {
  /** File bytes, a JSON array of the names in a directory, or the target of a link. */
  readonly content: Uint8Array;
}

/** A file to write in an instance; `path` is absolute there. */
export interface IncusFileWrite {
  readonly path: string;
  readonly content: Uint8Array;
  readonly uid?: number;
  readonly gid?: number;
  /** Applies to new files only. */
  readonly mode?: number;
  readonly write?: 'overwrite' | 'append';
}

/** A custom storage volume; `usedBy` are paths of the API. */
export interface IncusVolume {
  readonly name: string;
  readonly type: string;
  readonly contentType: string;
  readonly config: IncusConfig;
  readonly usedBy: readonly string[];
  /** The member of the cluster that has it; left out, or `none`, for a daemon in none. */
  readonly location?: string | undefined;
}

/** What a custom storage volume is created with. */
export interface IncusCreateVolume {
  readonly pool: string;
  readonly name: string;
  readonly config: IncusConfig;
  readonly contentType?: 'filesystem' | 'block';
  /** Copy of a volume, also of one that is in use, or of a snapshot of one (`name` or `name/snapshot`), in the same pool unless said. */
  readonly copyOf?: { readonly name: string; readonly pool?: string };
}
