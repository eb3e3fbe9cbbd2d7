import type { IncusApi } from '../../ports/incus-api.js';
import { ClusterCalls } from './calls/cluster-calls.js';
import { openEvents } from './calls/event-stream.js';
import { FileCalls } from './calls/file-calls.js';
import { ImageCalls } from './calls/image-calls.js';
import { InstanceCalls } from './calls/instance-calls.js';
import { NetworkCalls } from './calls/network-calls.js';
import { ServerCalls } from './calls/server-calls.js';
import { VolumeCalls } from './calls/volume-calls.js';
import { openExec } from './exec/open-exec.js';
import { OperationCalls } from './operations/operation-calls.js';
import { Wire, type WireOptions } from './wire/wire.js';

type Call<Name extends keyof IncusApi> = IncusApi[Name];

/** All bounds in ms. A call's own `timeoutMs` goes before the one given here. */
export interface RestIncusApiOptions extends WireOptions {
  /** Creating an instance, starting it included; default 300000. */
  readonly createTimeoutMs?: number;
  /** Any other operation; a change of state adds its own `timeoutSecs`. Default 120000. */
  readonly waitTimeoutMs?: number;
}

/**
 * The Incus REST API (doc/rest-api.md of Incus 6.0) over streams from a dialer. Owns its connections, not the dialer.
 * Disposing ends what is under way with `closed`.
 */
export class RestIncusApi implements IncusApi {
  readonly host: string;
  readonly #wire: Wire;
  readonly #server: ServerCalls;
  readonly #images: ImageCalls;
  readonly #instances: InstanceCalls;
  readonly #files: FileCalls;
  readonly #operations: OperationCalls;
  readonly #volumes: VolumeCalls;
  readonly #networks: NetworkCalls;
  readonly #cluster: ClusterCalls;

  constructor(options: RestIncusApiOptions) {
    const waitTimeoutMs = options.waitTimeoutMs ?? 120_000;
    this.host = options.host;
    this.#wire = new Wire(options);
    this.#server = new ServerCalls(this.#wire);
    this.#images = new ImageCalls(this.#wire, waitTimeoutMs);
    this.#instances = new InstanceCalls(this.#wire, options.createTimeoutMs ?? 300_000, waitTimeoutMs);
    this.#files = new FileCalls(this.#wire);
    this.#operations = new OperationCalls(this.#wire, waitTimeoutMs);
    this.#volumes = new VolumeCalls(this.#wire, waitTimeoutMs);
    this.#networks = new NetworkCalls(this.#wire);
    this.#cluster = new ClusterCalls(this.#wire);
  }

  readonly server: Call<'server'> = (options) => this.#server.server(options);
  readonly clusterMembers: Call<'clusterMembers'> = (options) => this.#cluster.members(options);
  readonly clusterMemberState: Call<'clusterMemberState'> = (name, options) =>
    this.#cluster.state(name, options);
  readonly project: Call<'project'> = (name, options) => this.#server.project(name, options);
  readonly profile: Call<'profile'> = (project, name, options) =>
    this.#server.profile(project, name, options);
  readonly network: Call<'network'> = (project, name, options) => this.#networks.get(project, name, options);
  readonly networks: Call<'networks'> = (project, options) => this.#networks.list(project, options);
  readonly createNetwork: Call<'createNetwork'> = (project, network, options) =>
    this.#networks.create(project, network, options);
  readonly deleteNetwork: Call<'deleteNetwork'> = (project, name, options) =>
    this.#networks.delete(project, name, options);
  readonly createNetworkAcl: Call<'createNetworkAcl'> = (project, acl, options) =>
    this.#networks.createAcl(project, acl, options);
  readonly storagePool: Call<'storagePool'> = (name, options) => this.#server.storagePool(name, options);
  readonly resources: Call<'resources'> = (options) => this.#server.resources(options);
  readonly imageAlias: Call<'imageAlias'> = (project, alias, options) =>
    this.#server.imageAlias(project, alias, options);
  readonly image: Call<'image'> = (project, fingerprint, options) =>
    this.#server.image(project, fingerprint, options);
  readonly images: Call<'images'> = (project, options) => this.#server.images(project, options);
  readonly publishImage: Call<'publishImage'> = (project, image, options) =>
    this.#images.publish(project, image, options);
  readonly exportImage: Call<'exportImage'> = (project, fingerprint, options) =>
    this.#images.export(project, fingerprint, options);
  readonly importImage: Call<'importImage'> = (project, upload, options) =>
    this.#images.import(project, upload, options);
  readonly deleteImage: Call<'deleteImage'> = (project, fingerprint, options) =>
    this.#images.delete(project, fingerprint, options);

  readonly createInstance: Call<'createInstance'> = (project, instance, options) =>
    this.#instances.create(project, instance, options);
  readonly instance: Call<'instance'> = (project, name, options) =>
    this.#instances.get(project, name, options);
  readonly instances: Call<'instances'> = (project, options) => this.#instances.list(project, options);
  readonly instancesOfAllProjects: Call<'instancesOfAllProjects'> = (options) =>
    this.#instances.listAll(options);
  readonly instanceState: Call<'instanceState'> = (project, name, options) =>
    this.#instances.state(project, name, options);
  readonly changeState: Call<'changeState'> = (project, name, change, options) =>
    this.#instances.changeState(project, name, change, options);
  readonly putInstance: Call<'putInstance'> = (project, name, instance, options) =>
    this.#instances.put(project, name, instance, options);
  readonly patchInstance: Call<'patchInstance'> = (project, name, config, options) =>
    this.#instances.patch(project, name, config, options);
  readonly deleteInstance: Call<'deleteInstance'> = (project, name, options) =>
    this.#instances.delete(project, name, options);
  readonly snapshotInstance: Call<'snapshotInstance'> = (project, of, options) =>
    this.#instances.snapshot(project, of, options);
  readonly deleteSnapshot: Call<'deleteSnapshot'> = (project, of, options) =>
    this.#instances.deleteSnapshot(project, of, options);
  readonly instanceSnapshots: Call<'instanceSnapshots'> = (project, name, options) =>
    this.#instances.snapshots(project, name, options);

  readonly exec: Call<'exec'> = (project, name, request, options) =>
    openExec(this.#wire, { project, name }, request, options);

  readonly readFile: Call<'readFile'> = (project, name, path, options) =>
    this.#files.read({ project, name, path }, options);
  readonly fileInfo: Call<'fileInfo'> = (project, name, path, options) =>
    this.#files.info({ project, name, path }, options);
  readonly writeFile: Call<'writeFile'> = (project, name, file, options) =>
    this.#files.write({ project, name, path: file.path }, file, options);
  readonly makeDirectory: Call<'makeDirectory'> = (project, name, directory, options) =>
    this.#files.makeDirectory({ project, name, path: directory.path }, directory, options);
  readonly deleteFile: Call<'deleteFile'> = (project, name, path, options) =>
    this.#files.delete({ project, name, path }, options);

  readonly operations: Call<'operations'> = (project, options) => this.#operations.list(project, options);
  readonly operation: Call<'operation'> = (id, options) => this.#operations.get(id, options);
  readonly waitOperation: Call<'waitOperation'> = (id, options) => this.#operations.wait(id, options);
  readonly cancelOperation: Call<'cancelOperation'> = (id, options) => this.#operations.cancel(id, options);

  readonly events: Call<'events'> = (options) => openEvents(this.#wire, options);

  readonly createVolume: Call<'createVolume'> = (project, volume, options) =>
    this.#volumes.create(project, volume, options);
  readonly volume: Call<'volume'> = (project, pool, name, options) =>
    this.#volumes.get({ project, pool, name, member: options?.target }, options);
  readonly volumes: Call<'volumes'> = (project, pool, options) => this.#volumes.list(project, pool, options);
  readonly patchVolume: Call<'patchVolume'> = (project, pool, name, config, options) =>
    this.#volumes.patch({ project, pool, name, member: options?.target }, config, options);
  readonly snapshotVolume: Call<'snapshotVolume'> = (project, pool, name, snapshot, options) =>
    this.#volumes.snapshot({ project, pool, name, member: options?.target }, snapshot, options);
  readonly deleteVolume: Call<'deleteVolume'> = (project, pool, name, options) =>
    this.#volumes.delete({ project, pool, name, member: options?.target }, options);

  async [Symbol.asyncDispose](): Promise<void> {
    this.#wire.close();
  }
}
