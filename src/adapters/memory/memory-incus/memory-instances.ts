import { err, ok, type Result } from 'neverthrow';
import type { WaitOptions } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type {
  IncusCreateInstance,
  IncusDevices,
  IncusInstance,
  IncusInstancePut,
  IncusInstanceSnapshot,
  IncusSnapshotName,
  IncusStateChange,
} from '../../../ports/incus-types.js';
import { changeState } from './change-state.js';
import { admit, type HostHasPath, make } from './create.js';
import { checkDevices, checkRestricted } from './device-rules.js';
import { matchesFilter } from './filter.js';
import type { MemoryEvents } from './memory-events.js';
import { refuse } from './memory-fault.js';
import type { MemoryFaults } from './memory-faults.js';
import { MemoryInstance } from './memory-instance.js';
import { type MemoryOperations, within } from './memory-operations.js';
import type { MemoryWorld } from './memory-world.js';

type Answer = Promise<Result<void, IncusFault>>;
type Work = () => Answer | Result<void, IncusFault>;

/** What happens to instances. */
export class MemoryInstances {
  constructor(
    private readonly world: MemoryWorld,
    private readonly operations: MemoryOperations,
    private readonly events: MemoryEvents,
    private readonly faults: MemoryFaults,
    private readonly hostHasPath: HostHasPath,
    private readonly now: () => number,
  ) {}

  /** An abort is answered when the create has settled: a create cannot be cancelled. */
  async create(projectName: string, wanted: IncusCreateInstance, options: WaitOptions): Answer {
    const tried = 'POST /1.0/instances';
    if (options.signal?.aborted) return refuse('aborted', tried, 'the create was cancelled');
    const admitted = admit(this.world, projectName, wanted);
    if (admitted.isErr()) return err(admitted.error);
    const { project, fingerprint, copied } = admitted.value;
    const createdAt = new Date(this.now()).toISOString();
    const profile = (name: string) => project.profiles.get(name);
    const instance = new MemoryInstance(
      projectName,
      wanted,
      fingerprint,
      createdAt,
      profile,
      copied,
      wanted.target ?? this.#emptiest(),
    );
    instance.busyWith = 'create';
    project.instances.set(wanted.name, instance);
    const outcome = await this.#run(instance, 'Creating instance', options.timeoutMs, () =>
      make(instance, project, this.faults, this.hostHasPath),
    );
    if (outcome.isOk()) this.#lifecycle(instance, 'created');
    return options.signal?.aborted ? refuse('aborted', tried, 'the create was cancelled') : outcome;
  }

  /** Where the daemon itself puts an instance: on the member with the fewest of them. */
  #emptiest(): string {
    const { cluster, projects } = this.world;
    if (cluster === null) return 'none';
    const all = [...projects.values()].flatMap(({ instances }) => [...instances.values()]);
    const on = (name: string) => all.filter((one) => one.view().location === name).length;
    const usable = [...cluster.members.values()].filter(
      ({ status, config }) => status === 'Online' && config['scheduler.instance'] !== 'manual',
    );
    return usable.sort((one, other) => on(one.name) - on(other.name))[0]?.name ?? cluster.answering;
  }

  list(project: string, filter: string | undefined): Result<readonly IncusInstance[], IncusFault> {
    return this.world.project(project, 'GET /1.0/instances').map(({ instances }) => {
      const views = [...instances.values()].map((instance) => instance.view());
      return filter === undefined ? views : views.filter((view) => matchesFilter(view, filter));
    });
  }

  async changeState(
    projectName: string,
    name: string,
    change: IncusStateChange,
    options: WaitOptions,
  ): Answer {
    const found = this.world.instance(projectName, name, 'PUT /1.0/instances/state');
    const project = this.world.project(projectName, 'PUT /1.0/instances/state');
    if (found.isErr()) return err(found.error);
    if (project.isErr()) return err(project.error);
    const outcome = await this.#run(found.value, `Changing state: ${change.action}`, options.timeoutMs, () =>
      changeState(found.value, project.value, change),
    );
    if (outcome.isOk()) this.#lifecycle(found.value, change.action);
    return outcome;
  }

  async put(projectName: string, name: string, next: IncusInstancePut, etag: string | undefined): Answer {
    const tried = `PUT /1.0/instances/${name}`;
    return this.world.instance(projectName, name, tried).andThen((instance) => {
      const project = this.world.project(projectName, tried);
      if (etag !== undefined && etag !== instance.etag) return refuse('stale', tried, "ETag doesn't match");
      if (instance.busyWith) return refuse('busy', tried, 'Instance is busy');
      return project
        .andThen(({ config }) => checkRestricted(config, next.config, next.devices, tried))
        .andThen(() => checkDevices(next.devices, instance.created.type, tried))
        .andThen(() => {
          const { config, devices, profiles, ephemeral, description } = next;
          Object.assign(instance, { config, devices, profiles, ephemeral, description });
          this.#lifecycle(instance, 'updated');
          return ok(undefined);
        });
    });
  }

  patch(
    project: string,
    name: string,
    changes: Readonly<Record<string, string | null>>,
    { etag, devices = {} }: { readonly etag?: string; readonly devices?: IncusDevices } = {},
  ): Result<void, IncusFault> {
    const tried = `PATCH /1.0/instances/${name}`;
    return this.world.instance(project, name, tried).andThen((instance) => {
      if (etag !== undefined && etag !== instance.etag) return refuse('stale', tried, "ETag doesn't match");
      const added = { ...instance.devices, ...devices };
      const wrong = checkDevices(added, instance.created.type, tried);
      if (wrong.isErr()) return err(wrong.error);
      instance.devices = added;
      const merged = Object.entries({ ...instance.config, ...changes });
      instance.config = Object.fromEntries(
        merged.filter((entry): entry is [string, string] => entry[1] !== null),
      );
      this.#lifecycle(instance, 'updated');
      return ok(undefined);
    });
  }

  async delete(projectName: string, name: string): Answer {
    const tried = `DELETE /1.0/instances/${name}`;
    return this.world.instance(projectName, name, tried).andThen((instance) => {
      if (instance.busyWith)
        return refuse('busy', tried, `Instance is busy running a "${instance.busyWith}" operation`);
      if (instance.status !== 'Stopped') return refuse('invalid_request', tried, 'Instance is running');
      return this.world.project(projectName, tried).andThen(({ instances }) => {
        instances.delete(name);
        this.#lifecycle(instance, 'deleted');
        return ok(undefined);
      });
    });
  }

  snapshot(
    project: string,
    { instance: name, snapshot }: IncusSnapshotName,
    expiresAtMs?: number,
  ): Result<void, IncusFault> {
    const tried = `POST /1.0/instances/${name}/snapshots`;
    return this.world.instance(project, name, tried).andThen((instance) => {
      if (instance.busyWith) return refuse('busy', tried, 'Instance is busy');
      if (instance.snapshots.has(snapshot))
        return refuse('already_exists', tried, `Snapshot "${snapshot}" already exists`);
      const expiresAt = expiresAtMs === undefined ? null : new Date(expiresAtMs).toISOString();
      instance.snapshots.set(snapshot, instance.snapshot(new Date(this.now()).toISOString(), expiresAt));
      return ok(undefined);
    });
  }

  deleteSnapshot(project: string, { instance: name, snapshot }: IncusSnapshotName): Result<void, IncusFault> {
    const tried = `DELETE /1.0/instances/${name}/snapshots/${snapshot}`;
    return this.world
      .instance(project, name, tried)
      .andThen(({ snapshots }) =>
        snapshots.delete(snapshot)
          ? ok(undefined)
          : refuse('not_found', tried, 'Instance snapshot not found'),
      );
  }

  snapshots(project: string, name: string): Result<readonly IncusInstanceSnapshot[], IncusFault> {
    return this.world.instance(project, name, `GET /1.0/instances/${name}/snapshots`).map(({ snapshots }) => {
      // The real daemon does it by itself, within a minute.
      for (const [snapshot, { expiresAt }] of snapshots)
        if (expiresAt !== null && Date.parse(expiresAt) <= this.now()) snapshots.delete(snapshot);
      return [...snapshots].map(([snapshot, { createdAt, expiresAt, config }]) => ({
        name: snapshot,
        createdAt,
        expiresAt,
        config,
      }));
    });
  }

  async #run(
    instance: MemoryInstance,
    description: string,
    timeoutMs = 300_000,
    work: Work = () => ok(undefined),
  ): Answer {
    const resources = { instances: [`/1.0/instances/${instance.name}`] };
    const { outcome } = this.operations.start(instance.project, { description, resources }, async () =>
      work(),
    );
    const ended = await within(outcome, timeoutMs);
    return ended === 'timed_out' || ended === 'aborted'
      ? refuse('timed_out', description, 'still running')
      : ended;
  }

  #lifecycle(instance: MemoryInstance, action: string): void {
    const source = `/1.0/instances/${instance.name}`;
    this.events.emit('lifecycle', instance.project, { action: `instance-${action}`, source });
  }
}
