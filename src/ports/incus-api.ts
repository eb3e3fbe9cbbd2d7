import type { Result } from 'neverthrow';
import type { IncusMember, IncusMemberState, IncusResources, OfMember } from './incus-cluster-types.js';
import type { IncusFault } from './incus-fault.js';
import type {
  IncusCreateInstance,
  IncusCreateNetwork,
  IncusCreateNetworkAcl,
  IncusCreateVolume,
  IncusDevices,
  IncusEvent,
  IncusExecRequest,
  IncusFileContent,
  IncusFileInfo,
  IncusFileWrite,
  IncusImage,
  IncusImageUpload,
  IncusInstance,
  IncusInstancePut,
  IncusInstanceSnapshot,
  IncusInstanceState,
  IncusNetwork,
  IncusOperation,
  IncusProfile,
  IncusProject,
  IncusPublishImage,
  IncusServer,
  IncusSnapshotName,
  IncusStateChange,
  IncusStoragePool,
  IncusVolume,
  Tagged,
} from './incus-types.js';
import type { ExitStatus, OutputChunk } from './output-chunk.js';
import type { CallOptions } from './remote-shell.js';

type Answer<T> = Promise<Result<T, IncusFault>>;

/**
 * A command that runs in an instance. `output` ends and never throws and carries the backpressure; `exit` says why it ended.
 * A dropped connection is an `Err`, never an exit status; what the command started may run on.
 * Disposing closes the sockets; Incus then kills the direct child only.
 */
export interface IncusExec extends AsyncDisposable {
  readonly output: AsyncIterable<OutputChunk>;
  readonly exit: Promise<Result<ExitStatus, IncusFault>>;
  /** Waits until the bytes are taken. Only with `stdin: 'open'`. `closed` when the command takes no more: it ended, or its input was. */
  write(data: Uint8Array): Answer<void>;
  /** Ends standard input. Nothing happens when it has ended, or the command has. */
  endInput(): Promise<void>;
  /** A number, such as 15. Reaches the direct child only. `closed` when the command has ended. */
  sendSignal(signal: number): Answer<void>;
  /** Tells the terminal its new size, in characters. `closed` when the command has ended. */
  resize(size: { readonly columns: number; readonly rows: number }): Answer<void>;
}

/** A stream of the events of a daemon, until it is disposed of. */
export interface IncusEvents extends AsyncDisposable {
  /** Ends when the connection does or when disposed; there is no replay, list again after that. */
  readonly events: AsyncIterable<IncusEvent>;
  readonly closed: Promise<IncusFault | null>;
}

/**
 * The file of an image, as it goes out. `content` ends and never throws, and carries the backpressure; `ended` says how much came, or why
 * it broke off. Disposing ends the transfer.
 */
export interface IncusImageDownload extends AsyncDisposable {
  readonly content: AsyncIterable<Uint8Array>;
  readonly ended: Promise<Result<{ readonly bytes: number }, IncusFault>>;
}

/** A waiting call's bound in ms; `timed_out` after it. Each method has a default of its own. */
export interface WaitOptions extends CallOptions {
  readonly timeoutMs?: number;
}

/** The operations of one instance-bearing daemon. `project` is always said, never assumed. Calls that start an operation wait for its end. */
export interface IncusApi extends AsyncDisposable {
  /** For messages. */
  readonly host: string;

  /** What the daemon says of itself. It answers clients that it does not trust, too: see `auth`. */
  server(options?: CallOptions): Answer<IncusServer>;
  /** The members of the daemon's cluster; `invalid_request` where it is in none, `permission_denied` for a client that may not see them. */
  clusterMembers(options?: CallOptions): Answer<readonly IncusMember[]>;
  /** What a member has at the moment; `not_found` when there is no such member. */
  clusterMemberState(name: string, options?: CallOptions): Answer<IncusMemberState>;
  /** A project, with its ETag. `not_found` when there is none, or this client may not see it. */
  project(name: string, options?: CallOptions): Answer<Tagged<IncusProject>>;
  /** A profile of a project, with its ETag; `not_found` when there is none. */
  profile(project: string, name: string, options?: CallOptions): Answer<Tagged<IncusProfile>>;
  /** A network that the machines of a project may be on; `not_found` when there is none. */
  network(project: string, name: string, options?: CallOptions & OfMember): Answer<IncusNetwork>;
  /** All networks that the machines of a project may be on. */
  networks(project: string, options?: CallOptions): Answer<readonly IncusNetwork[]>;
  /** Makes a bridge. In a cluster it is told first to each member, without configuration and with `target`, and is `Pending` until it is made on all. `permission_denied` where the project or the client may not; `already_exists` when its name is taken. */
  createNetwork(project: string, network: IncusCreateNetwork, options?: CallOptions & OfMember): Answer<void>;
  /** Removes a network; `invalid_request` while something uses it, `not_found` when there is none. */
  deleteNetwork(project: string, name: string, options?: CallOptions): Answer<void>;
  /** Makes an ACL; `already_exists` when its name is taken. */
  createNetworkAcl(project: string, acl: IncusCreateNetworkAcl, options?: CallOptions): Answer<void>;
  /** A storage pool; `not_found` when there is none. */
  storagePool(name: string, options?: CallOptions & OfMember): Answer<IncusStoragePool>;
  /** What its host has; Incus 6.0.4 tells a restricted certificate as well. */
  resources(options?: CallOptions & OfMember): Answer<IncusResources>;

  /** The fingerprint that an alias points at. */
  imageAlias(project: string, alias: string, options?: CallOptions): Answer<{ readonly fingerprint: string }>;
  /** An image by its whole fingerprint; `not_found` when the project has none. */
  image(project: string, fingerprint: string, options?: CallOptions): Answer<IncusImage>;
  /** The images of a project. */
  images(project: string, options?: CallOptions): Answer<readonly IncusImage[]>;
  /** Makes an image of a snapshot, which has to be of a container; `not_found` when there is none. Incus cannot cancel it. */
  publishImage(
    project: string,
    image: IncusPublishImage,
    options?: WaitOptions,
  ): Answer<{ readonly fingerprint: string }>;
  /**
   * The one file that the image of a container is, which its fingerprint is the SHA-256 of; `not_found` when there is none, `unexpected_answer`
   * when it is of several files. More than `maxBytes` (default 1 TiB) is `invalid_request`; `timeoutMs` is for all of it.
   */
  exportImage(
    project: string,
    fingerprint: string,
    options?: WaitOptions & { readonly maxBytes?: number },
  ): Answer<IncusImageDownload>;
  /** Makes an image of its file: `already_exists` when there is one of the same, `operation_failed` when it is none. `timeoutMs` is for all of it. */
  importImage(
    project: string,
    upload: IncusImageUpload,
    options?: WaitOptions,
  ): Answer<{ readonly fingerprint: string }>;
  /** Removes an image; what was made from it stays. `not_found` when there is none. */
  deleteImage(project: string, fingerprint: string, options?: WaitOptions): Answer<void>;

  /**
   * Creates and, with `start`, starts. `not_found`: the project, a profile, the image or the snapshot is not there. When the start fails after the create succeeded, the instance stays: the caller deletes it.
   * An abort waits (bounded) for the operation to settle first, because Incus cannot cancel a create; then the fault is `aborted`.
   */
  createInstance(project: string, instance: IncusCreateInstance, options?: WaitOptions): Answer<void>;
  /** An instance, with its ETag; `not_found` when there is none. */
  instance(project: string, name: string, options?: CallOptions): Answer<Tagged<IncusInstance>>;
  /** `filter` in the daemon's own language, such as `config.user.pikaci.run eq abc`. */
  instances(
    project: string,
    options?: CallOptions & { readonly filter?: string },
  ): Answer<readonly IncusInstance[]>;
  /** Those of every project that this client may see. */
  instancesOfAllProjects(options?: CallOptions): Answer<readonly IncusInstance[]>;
  /** Whether an instance runs, and how many processes it has; `not_found` when there is none. */
  instanceState(project: string, name: string, options?: CallOptions): Answer<IncusInstanceState>;
  /** Stopping an ephemeral instance also deletes it, and resolves after that. */
  changeState(project: string, name: string, change: IncusStateChange, options?: WaitOptions): Answer<void>;
  /** Replaces config, devices and profiles; `stale` when `etag` no longer holds. */
  putInstance(
    project: string,
    name: string,
    instance: IncusInstancePut,
    options?: WaitOptions & { readonly etag?: string },
  ): Answer<void>;
  /**
   * Merges config keys (`null` removes one), and adds `devices`, also to an instance that runs, in the same change; `stale` when `etag` no
   * longer holds.
   */
  patchInstance(
    project: string,
    name: string,
    config: Readonly<Record<string, string | null>>,
    options?: CallOptions & { readonly etag?: string; readonly devices?: IncusDevices },
  ): Answer<void>;
  /** `invalid_request` while it runs. */
  deleteInstance(project: string, name: string, options?: WaitOptions): Answer<void>;
  /** Makes a snapshot of an instance, without the memory of one that runs; `already_exists` when its name is taken. It goes with its instance. */
  snapshotInstance(
    project: string,
    of: IncusSnapshotName,
    options?: WaitOptions & {
      /** The daemon removes it by itself then; ms since the epoch, by its clock. */
      readonly expiresAtMs?: number;
    },
  ): Answer<void>;
  /** Removes a snapshot; what was copied from it stays. `not_found` when there is none. */
  deleteSnapshot(project: string, of: IncusSnapshotName, options?: WaitOptions): Answer<void>;
  /** Those of one instance; `not_found` when there is no such instance. */
  instanceSnapshots(
    project: string,
    name: string,
    options?: CallOptions,
  ): Answer<readonly IncusInstanceSnapshot[]>;

  /**
   * Resolves when the command was started and its sockets are open. A command that is not found or not executable exits with
   * 127 or 126. The signal also ends what was started: `exit` is then `aborted`.
   */
  exec(project: string, name: string, request: IncusExecRequest, options?: CallOptions): Answer<IncusExec>;

  /** At most `maxBytes` (default 16 MiB), else `invalid_request`. */
  readFile(
    project: string,
    name: string,
    path: string,
    options?: CallOptions & { readonly maxBytes?: number },
  ): Answer<IncusFileContent>;
  /** What a path of an instance is, without its content; `not_found` when there is nothing. */
  fileInfo(project: string, name: string, path: string, options?: CallOptions): Answer<IncusFileInfo>;
  /** Parents must exist, else `not_found`. */
  writeFile(project: string, name: string, file: IncusFileWrite, options?: CallOptions): Answer<void>;
  /** Makes one directory, in a parent that is there. */
  makeDirectory(
    project: string,
    name: string,
    directory: {
      readonly path: string;
      readonly uid?: number;
      readonly gid?: number;
      readonly mode?: number;
    },
    options?: CallOptions,
  ): Answer<void>;
  /** Removes a file or an empty directory; `not_found` when there is none. */
  deleteFile(project: string, name: string, path: string, options?: CallOptions): Answer<void>;

  /** The operations of a project that are under way, or ended a moment ago. */
  operations(project: string, options?: CallOptions): Answer<readonly IncusOperation[]>;
  /** An operation by its id; `not_found` once it has vanished (5 s after its end). */
  operation(id: string, options?: CallOptions): Answer<IncusOperation>;
  /** `not_found` once it has vanished (5 s after its end). */
  waitOperation(id: string, options?: WaitOptions): Answer<IncusOperation>;
  /** Asks the daemon to cancel an operation; only those with `mayCancel` can be. */
  cancelOperation(id: string, options?: CallOptions): Answer<void>;

  /** Of all projects when none is named, which a client that is restricted to projects may not ask for. */
  events(
    options?: CallOptions & {
      readonly project?: string;
      readonly types?: readonly ('lifecycle' | 'operation' | 'logging')[];
    },
  ): Answer<IncusEvents>;

  /** Makes a custom volume in a pool, empty or as a copy; `already_exists` when its name is taken. In a cluster each member has names of its own. */
  createVolume(project: string, volume: IncusCreateVolume, options?: WaitOptions & OfMember): Answer<void>;
  /** A custom volume, with its ETag; `not_found` when there is none. */
  volume(
    project: string,
    pool: string,
    name: string,
    options?: CallOptions & OfMember,
  ): Answer<Tagged<IncusVolume>>;
  /** The custom volumes of a pool, in a cluster those of all members. */
  volumes(project: string, pool: string, options?: CallOptions): Answer<readonly IncusVolume[]>;
  /** Merges config keys of a custom volume (`null` removes one); `stale` when `etag` no longer holds. */
  patchVolume(
    project: string,
    pool: string,
    name: string,
    config: Readonly<Record<string, string | null>>,
    options?: CallOptions & OfMember & { readonly etag?: string },
  ): Answer<void>;
  /** Makes a snapshot of a custom volume under the name `snapshot`. */
  snapshotVolume(
    project: string,
    pool: string,
    name: string,
    snapshot: string,
    options?: WaitOptions & OfMember,
  ): Answer<void>;
  /** `invalid_request` while in use. A snapshot is `name/snapshot`. */
  deleteVolume(project: string, pool: string, name: string, options?: WaitOptions & OfMember): Answer<void>;
}
