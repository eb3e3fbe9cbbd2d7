/** The parts of the Incus REST API that pikaci reads and writes, in TypeScript names. Source: doc/rest-api.yaml of Incus 6.0. */

export type IncusConfig = Readonly<Record<string, string>>;
export type IncusDevice = Readonly<Record<string, string>>;
export type IncusDevices = Readonly<Record<string, IncusDevice>>;
export type IncusInstanceType = 'container' | 'virtual-machine';

export interface IncusServer {
  readonly apiVersion: string;
  /** `environment.server_version`, such as `6.0.4`. */
  readonly serverVersion: string;
  readonly apiExtensions: readonly string[];
  /** `trusted` or `untrusted`. */
  readonly auth: string;
  readonly clustered: boolean;
  readonly kernelVersion: string;
  readonly architectures: readonly string[];
  /** The daemon's clock, from the `Date` header, ms since the epoch; resolution one second. */
  readonly hostTimeMs: number | null;
}

export interface IncusProject {
  readonly name: string;
  readonly config: IncusConfig;
}

export interface IncusProfile {
  readonly name: string;
  readonly config: IncusConfig;
  readonly devices: IncusDevices;
}

export interface IncusStoragePool {
  readonly name: string;
  readonly driver: string;
  readonly config: IncusConfig;
}

export interface IncusImage {
  readonly fingerprint: string;
  readonly type: IncusInstanceType;
  readonly architecture: string;
  readonly aliases: readonly string[];
  /** Bytes. */
  readonly size: number;
  readonly properties: Readonly<Record<string, string>>;
}

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

export interface IncusCreateInstance {
  readonly name: string;
  readonly type: IncusInstanceType;
  readonly ephemeral: boolean;
  /** Start it in the same operation (API extension `instance_create_start`). */
  readonly start: boolean;
  readonly source: { readonly alias: string } | { readonly fingerprint: string };
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

export interface IncusStateChange {
  readonly action: 'start' | 'stop' | 'restart' | 'freeze' | 'unfreeze';
  /** Seconds to wait for a clean end; 0 together with `force` ends it at once. */
  readonly timeoutSecs: number;
  readonly force: boolean;
}

export interface IncusInstanceState {
  readonly status: string;
  readonly pid: number;
  readonly processes: number;
}

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

export interface IncusEvent {
  readonly type: string;
  readonly project: string;
  readonly timestamp: string;
  /** As the daemon sent it; parse before use. */
  readonly metadata: unknown;
}

export interface IncusFileInfo {
  readonly type: 'file' | 'directory' | 'symlink';
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
}

export interface IncusFileContent extends IncusFileInfo {
  /** File bytes, a JSON array of the names in a directory, or the target of a link. */
  readonly content: Uint8Array;
}

export interface IncusFileWrite {
  readonly path: string;
  readonly content: Uint8Array;
  readonly uid?: number;
  readonly gid?: number;
  /** Applies to new files only. */
  readonly mode?: number;
  readonly write?: 'overwrite' | 'append';
}

export interface IncusVolume {
  readonly name: string;
  readonly type: string;
  readonly contentType: string;
  readonly config: IncusConfig;
  readonly usedBy: readonly string[];
}

export interface IncusCreateVolume {
  readonly pool: string;
  readonly name: string;
  readonly config: IncusConfig;
  readonly contentType?: 'filesystem' | 'block';
  /** Copy of a volume or of a snapshot of one (`name` or `name/snapshot`), in the same pool unless said. */
  readonly copyOf?: { readonly name: string; readonly pool?: string };
}
