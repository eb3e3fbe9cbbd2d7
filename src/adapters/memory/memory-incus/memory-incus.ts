import { err, ok, type Result } from 'neverthrow';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusServer } from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import type { HostHasPath } from './create.js';
import { etagOf } from './etag.js';
import { membersOf, poolOf, resourcesOf, stateOfMember } from './memory-cluster.js';
import { MemoryDaemon } from './memory-daemon.js';
import { MemoryExec, type MemoryExecStart } from './memory-exec.js';
import { memoryFault, refuse } from './memory-fault.js';
import type { MemoryFaults } from './memory-faults.js';
import { MemoryImages } from './memory-images.js';
import type { MemoryInstance } from './memory-instance.js';
import { MemoryInstances } from './memory-instances.js';
import { MemoryNetworks } from './memory-networks.js';
import type { MemoryExecHandler } from './memory-process.js';
import { MemoryVolumes } from './memory-volumes.js';
import type { MemoryWorld } from './memory-world.js';
import { tinyInterpreter } from './tiny-interpreter.js';

type Call<Name extends keyof IncusApi> = IncusApi[Name];

/** What a daemon in memory has around it. */
export interface MemoryIncusOptions {
  /** Plays the commands of every exec; by default the tiny interpreter. */
  readonly exec?: MemoryExecHandler;
  /** Whether the host has the source of a disk; by default it has every path. */
  readonly hostHasPath?: HostHasPath;
  /** Milliseconds since the epoch; by default the real time. */
  readonly now?: () => number;
  /** Another connection to the same daemon: what is there and what happens is shared, closing is not. */
  readonly sharing?: MemoryIncus;
}

/** An Incus in memory that refuses, deletes and forgets as the real one does. Where it differs: docs/fakes-differ.md. */
export class MemoryIncus implements IncusApi {
  readonly host = 'memory';
  readonly world: MemoryWorld;
  readonly faults: MemoryFaults;
  /** Plays the commands; may be replaced at any time. */
  execHandler: MemoryExecHandler;
  readonly #daemon: MemoryDaemon;
  readonly #images: MemoryImages;
  readonly #instances: MemoryInstances;
  readonly #volumes: MemoryVolumes;
  readonly #networks: MemoryNetworks;
  readonly #hostHasPath: HostHasPath;
  readonly #execs = new Set<MemoryExec>();
  #closed = false;

  constructor(options: MemoryIncusOptions = {}) {
    const { sharing } = options;
    this.#daemon = sharing === undefined ? new MemoryDaemon(options.now ?? Date.now) : sharing.#daemon;
    this.execHandler = options.exec ?? sharing?.execHandler ?? tinyInterpreter;
    this.#hostHasPath = options.hostHasPath ?? (() => true);
    const { world, faults, events, operations, now } = this.#daemon;
    this.world = world;
    this.faults = faults;
    this.#images = new MemoryImages(world, now);
    this.#volumes = new MemoryVolumes(world);
    this.#networks = new MemoryNetworks(world);
    this.#instances = new MemoryInstances(world, operations, events, faults, this.#hostHasPath, now);
  }

  /** Every instance of every project, as it stands. */
  get allInstances(): readonly MemoryInstance[] {
    return [...this.world.projects.values()].flatMap(({ instances }) => [...instances.values()]);
  }

  /** Another client of the same daemon, such as a runner that was started again. */
  anotherConnection(): MemoryIncus {
    return new MemoryIncus({ sharing: this, hostHasPath: this.#hostHasPath });
  }

  /** This client's connections break: execs and events end with `connection_lost`. */
  dropConnections(): void {
    for (const exec of this.#execs)
      exec.cutOff(memoryFault('connection_lost', 'exec', 'the connection was dropped'));
    this.#daemon.events.drop(this, 'connection_lost');
  }

  readonly server: Call<'server'> = (options) =>
    this.#enter('server', options, () => ok(serverInfo(this.#daemon)));
  readonly clusterMembers: Call<'clusterMembers'> = (options) =>
    this.#enter('clusterMembers', options, () => membersOf(this.world));
  readonly clusterMemberState: Call<'clusterMemberState'> = (name, options) =>
    this.#enter('clusterMemberState', options, () => stateOfMember(this.world, name));
  readonly project: Call<'project'> = (name, options) =>
    this.#enter('project', options, () => this.world.viewProject(name).map(tagged));
  readonly profile: Call<'profile'> = (project, name, options) =>
    this.#enter('profile', options, () => this.world.profile(project, name).map(tagged));
  readonly network: Call<'network'> = (project, name, options) =>
    this.#enter('network', options, () => this.#networks.get(project, name, options?.target));
  readonly networks: Call<'networks'> = (project, options) =>
    this.#enter('networks', options, () => this.#networks.list(project));
  readonly createNetwork: Call<'createNetwork'> = (project, network, options) =>
    this.#enter('createNetwork', options, () => this.#networks.create(project, network, options?.target));
  readonly deleteNetwork: Call<'deleteNetwork'> = (project, name, options) =>
    this.#enter('deleteNetwork', options, () => this.#networks.delete(project, name));
  readonly createNetworkAcl: Call<'createNetworkAcl'> = (project, acl, options) =>
    this.#enter('createNetworkAcl', options, () => this.#networks.createAcl(project, acl));
  readonly storagePool: Call<'storagePool'> = (name, options) =>
    this.#enter('storagePool', options, () => poolOf(this.world, name, options?.target));
  readonly resources: Call<'resources'> = (options) =>
    this.#enter('resources', options, () => resourcesOf(this.world, options?.target));
  readonly imageAlias: Call<'imageAlias'> = (project, alias, options) =>
    this.#enter('imageAlias', options, () => this.#images.ofAlias(project, alias));
  readonly image: Call<'image'> = (project, fingerprint, options) =>
    this.#enter('image', options, () => this.world.image(project, fingerprint));
  readonly images: Call<'images'> = (project, options) =>
    this.#enter('images', options, () => this.#images.list(project));
  readonly publishImage: Call<'publishImage'> = (project, image, options) =>
    this.#enter('publishImage', options, () => this.#images.publish(project, image));
  readonly exportImage: Call<'exportImage'> = (project, fingerprint, options) =>
    this.#enter('exportImage', options, () => this.#images.export(project, fingerprint, options));
  readonly importImage: Call<'importImage'> = (project, upload, options) =>
    this.#enter('importImage', options, () => this.#images.import(project, upload, options?.signal));
  readonly deleteImage: Call<'deleteImage'> = (project, fingerprint, options) =>
    this.#enter('deleteImage', options, () => this.#images.delete(project, fingerprint));

  readonly createInstance: Call<'createInstance'> = (project, instance, options = {}) =>
    this.#enter('createInstance', options, () => this.#instances.create(project, instance, options));
  readonly instance: Call<'instance'> = (project, name, options) =>
    this.#enter('instance', options, () =>
      this.#at(project, name).map((instance) => ({ value: instance.view(), etag: instance.etag })),
    );
  readonly instances: Call<'instances'> = (project, options) =>
    this.#enter('instances', options, () => this.#instances.list(project, options?.filter));
  readonly instancesOfAllProjects: Call<'instancesOfAllProjects'> = (options) =>
    this.#enter('instancesOfAllProjects', options, () => ok(this.allInstances.map((one) => one.view())));
  readonly instanceState: Call<'instanceState'> = (project, name, options) =>
    this.#enter('instanceState', options, () => this.#at(project, name).map(stateOf));
  readonly changeState: Call<'changeState'> = (project, name, change, options = {}) =>
    this.#enter('changeState', options, () => this.#instances.changeState(project, name, change, options));
  readonly putInstance: Call<'putInstance'> = (project, name, instance, options) =>
    this.#enter('putInstance', options, () => this.#instances.put(project, name, instance, options?.etag));
  readonly patchInstance: Call<'patchInstance'> = (project, name, config, options) =>
    this.#enter('patchInstance', options, () => this.#instances.patch(project, name, config, options));
  readonly deleteInstance: Call<'deleteInstance'> = (project, name, options) =>
    this.#enter('deleteInstance', options, () => this.#instances.delete(project, name));

  readonly snapshotInstance: Call<'snapshotInstance'> = (project, of, options) =>
    this.#enter('snapshotInstance', options, () =>
      this.#instances.snapshot(project, of, options?.expiresAtMs),
    );
  readonly deleteSnapshot: Call<'deleteSnapshot'> = (project, of, options) =>
    this.#enter('deleteSnapshot', options, () => this.#instances.deleteSnapshot(project, of));
  readonly instanceSnapshots: Call<'instanceSnapshots'> = (project, name, options) =>
    this.#enter('instanceSnapshots', options, () => this.#instances.snapshots(project, name));
  readonly exec: Call<'exec'> = (project, name, request, options) =>
    this.#enter('exec', options, () =>
      this.#at(project, name).andThen((instance) => {
        if (instance.status !== 'Running')
          return refuse('invalid_request', 'exec', 'Instance is not running');
        const dropAfterBytes = this.faults.takeDropExec();
        const call = { request, handler: this.execHandler, dropAfterBytes, execs: this.#execs };
        return ok(openExec(instance, call, options?.signal));
      }),
    );

  readonly readFile: Call<'readFile'> = (project, name, path, options) =>
    this.#enter('readFile', options, () =>
      this.#at(project, name).andThen(({ files }) => files.read(path, options?.maxBytes)),
    );
  readonly fileInfo: Call<'fileInfo'> = (project, name, path, options) =>
    this.#enter('fileInfo', options, () => this.#at(project, name).andThen(({ files }) => files.info(path)));
  readonly writeFile: Call<'writeFile'> = (project, name, file, options) =>
    this.#enter('writeFile', options, () =>
      this.#at(project, name).andThen(({ files }) => files.write(file)),
    );
  readonly makeDirectory: Call<'makeDirectory'> = (project, name, directory, options) =>
    this.#enter('makeDirectory', options, () =>
      this.#at(project, name).andThen(({ files }) => files.makeDirectory(directory)),
    );
  readonly deleteFile: Call<'deleteFile'> = (project, name, path, options) =>
    this.#enter('deleteFile', options, () => this.#at(project, name).andThen((at) => at.files.delete(path)));

  readonly operations: Call<'operations'> = (project, options) =>
    this.#enter('operations', options, () =>
      this.world.project(project, 'GET /1.0/operations').map(() => this.#daemon.operations.list(project)),
    );
  readonly operation: Call<'operation'> = (id, options) =>
    this.#enter('operation', options, () => this.#daemon.operations.get(id));
  readonly waitOperation: Call<'waitOperation'> = (id, options = {}) =>
    this.#enter('waitOperation', options, () =>
      this.#daemon.operations.wait(id, options.timeoutMs ?? 120_000, options),
    );
  readonly cancelOperation: Call<'cancelOperation'> = (id, options) =>
    this.#enter('cancelOperation', options, () => this.#daemon.operations.cancel(id));

  readonly events: Call<'events'> = (options = {}) =>
    this.#enter('events', options, () => ok(this.#daemon.events.listen(this, options, options.signal)));

  readonly createVolume: Call<'createVolume'> = (project, volume, options) =>
    this.#enter('createVolume', options, () => this.#volumes.create(project, volume, options?.target));
  readonly volume: Call<'volume'> = (project, pool, name, options) =>
    this.#enter('volume', options, () => this.#volumes.get(project, pool, name));
  readonly volumes: Call<'volumes'> = (project, pool, options) =>
    this.#enter('volumes', options, () => this.#volumes.list(project, pool));
  readonly patchVolume: Call<'patchVolume'> = (project, pool, name, config, options) =>
    this.#enter('patchVolume', options, () => this.#volumes.patch([project, pool, name], config, options));
  readonly snapshotVolume: Call<'snapshotVolume'> = (project, pool, name, snapshot, options) =>
    this.#enter('snapshotVolume', options, () => this.#volumes.snapshot(project, pool, name, snapshot));
  readonly deleteVolume: Call<'deleteVolume'> = (project, pool, name, options) =>
    this.#enter('deleteVolume', options, () => this.#volumes.delete(project, pool, name));

  /** Closes this connection: commands lose theirs, and later calls are faults of kind `closed`. Instances stay. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    for (const exec of this.#execs)
      exec.cutOff(memoryFault('closed', 'exec', 'the API was closed by its owner'));
    this.#daemon.events.drop(this, 'closed');
  }

  /** Every call comes through here: after closing, with a fired signal or a planted fault it has no effect. */
  async #enter<T>(
    call: Exclude<keyof IncusApi, symbol>,
    options: CallOptions | undefined,
    act: () => Result<T, IncusFault> | Promise<Result<T, IncusFault>>,
  ): Promise<Result<T, IncusFault>> {
    const planted = this.faults.takeCall(call);
    if (this.#closed) return err(memoryFault('closed', call, 'the API was closed by its owner'));
    if (options?.signal?.aborted) return err(memoryFault('aborted', call, 'the call was cancelled'));
    return planted ? err(memoryFault(planted, call, `planted: ${planted}`)) : act();
  }

  #at(project: string, name: string): Result<MemoryInstance, IncusFault> {
    return this.world.instance(project, name, `/1.0/instances/${name}`);
  }
}

function openExec(
  instance: MemoryInstance,
  {
    execs,
    ...start
  }: Pick<MemoryExecStart, 'request' | 'handler' | 'dropAfterBytes'> & { readonly execs: Set<MemoryExec> },
  signal: AbortSignal | undefined,
): MemoryExec {
  const abort = () => exec.cutOff(memoryFault('aborted', 'exec', 'the command was cancelled'));
  const exec: MemoryExec = new MemoryExec({
    instance: instance.view(),
    files: instance.files,
    ...start,
    onEnd: (ended) => {
      signal?.removeEventListener('abort', abort);
      execs.delete(ended);
      instance.execs.delete(ended);
    },
  });
  execs.add(exec);
  instance.execs.add(exec);
  signal?.addEventListener('abort', abort);
  return exec;
}

function serverInfo({ now, world: { certificateFingerprint, cluster } }: MemoryDaemon): IncusServer {
  return {
    apiVersion: '1.0',
    serverVersion: '6.0.4',
    apiExtensions: ['instance_create_start'],
    auth: 'trusted',
    clustered: cluster !== null,
    serverName: cluster?.answering ?? 'memory',
    kernelVersion: '6.1.0',
    architectures: ['x86_64'],
    certificateFingerprint,
    hostTimeMs: Math.floor(now() / 1000) * 1000,
  };
}

function stateOf({ status, execs }: MemoryInstance) {
  return status === 'Running'
    ? { status, pid: 4242, processes: 1 + execs.size }
    : { status, pid: 0, processes: 0 };
}

function tagged<T>(value: T): { readonly value: T; readonly etag: string } {
  return { value, etag: etagOf(value) };
}
