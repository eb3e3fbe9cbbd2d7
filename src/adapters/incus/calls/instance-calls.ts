import type { Result } from 'neverthrow';
import { z } from 'zod';
import type { WaitOptions } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type {
  IncusCreateInstance,
  IncusDevices,
  IncusInstance,
  IncusInstancePut,
  IncusInstanceSnapshot,
  IncusInstanceState,
  IncusSnapshotName,
  IncusStateChange,
  Tagged,
} from '../../../ports/incus-types.js';
import type { CallOptions } from '../../../ports/remote-shell.js';
import { instanceSchema, instanceSnapshotSchema, instanceStateSchema } from '../answers/schemas.js';
import { run } from '../operations/run.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire } from '../wire/wire.js';
import { createInstance } from './create-instance.js';

type Answer<T> = Promise<Result<T, IncusFault>>;
type Etagged = { readonly etag?: string };

/** `/1.0/instances`. */
export class InstanceCalls {
  constructor(
    private readonly wire: Wire,
    private readonly createTimeoutMs: number,
    private readonly waitTimeoutMs: number,
  ) {}

  create(project: string, instance: IncusCreateInstance, options: WaitOptions = {}): Answer<void> {
    return createInstance(this.wire, project, instance, {
      ...options,
      timeoutMs: options.timeoutMs ?? this.createTimeoutMs,
      confirm: async () => {
        const found = await this.get(project, instance.name);
        return found.isOk() && (!instance.start || found.value.value.status === 'Running');
      },
    });
  }

  get(project: string, name: string, options?: CallOptions): Answer<Tagged<IncusInstance>> {
    return this.wire.getTagged(instanceSchema, apiPath(['instances', name], { project }), options);
  }

  list(
    project: string,
    { filter, ...options }: CallOptions & { readonly filter?: string } = {},
  ): Answer<readonly IncusInstance[]> {
    const path = apiPath(['instances'], { project, recursion: '1', filter });
    return this.wire.get(z.array(instanceSchema), path, options);
  }

  listAll(options: CallOptions = {}): Answer<readonly IncusInstance[]> {
    const path = apiPath(['instances'], { 'all-projects': 'true', recursion: '1' });
    return this.wire.get(z.array(instanceSchema), path, options);
  }

  state(project: string, name: string, options?: CallOptions): Answer<IncusInstanceState> {
    return this.wire.get(instanceStateSchema, apiPath(['instances', name, 'state'], { project }), options);
  }

  changeState(
    project: string,
    name: string,
    change: IncusStateChange,
    options: WaitOptions = {},
  ): Answer<void> {
    const json = { action: change.action, timeout: change.timeoutSecs, force: change.force };
    return run(this.wire, {
      request: { method: 'PUT', path: apiPath(['instances', name, 'state'], { project }), json },
      timeoutMs: this.waitTimeoutMs + change.timeoutSecs * 1000,
      ...options,
      confirm: async () => {
        const found = await this.get(project, name);
        const status = found.isOk() ? found.value.value.status : found.error.kind;
        return settledStatuses[change.action].includes(status);
      },
    });
  }

  put(
    project: string,
    name: string,
    instance: IncusInstancePut,
    { etag, ...options }: WaitOptions & Etagged = {},
  ): Answer<void> {
    const path = apiPath(['instances', name], { project });
    return run(this.wire, {
      request: { method: 'PUT', path, json: instance, headers: ifMatch(etag) },
      timeoutMs: this.waitTimeoutMs,
      ...options,
    });
  }

  patch(
    project: string,
    name: string,
    config: Readonly<Record<string, string | null>>,
    { etag, devices, ...options }: CallOptions & Etagged & { readonly devices?: IncusDevices } = {},
  ): Answer<void> {
    const path = apiPath(['instances', name], { project });
    const json = devices === undefined ? { config } : { config, devices };
    return this.wire.done({ ...options, method: 'PATCH', path, json, headers: ifMatch(etag) });
  }

  delete(project: string, name: string, options: WaitOptions = {}): Answer<void> {
    return run(this.wire, {
      request: { method: 'DELETE', path: apiPath(['instances', name], { project }) },
      timeoutMs: this.waitTimeoutMs,
      ...options,
      confirm: async () => {
        const found = await this.get(project, name);
        return found.isErr() && found.error.kind === 'not_found';
      },
    });
  }

  async snapshot(
    project: string,
    { instance, snapshot: name }: IncusSnapshotName,
    { expiresAtMs, ...options }: WaitOptions & { readonly expiresAtMs?: number } = {},
  ): Answer<void> {
    const path = apiPath(['instances', instance, 'snapshots'], { project });
    const expiry = expiresAtMs === undefined ? {} : { expires_at: new Date(expiresAtMs).toISOString() };
    const made = await run(this.wire, {
      request: { method: 'POST', path, json: { name, stateful: false, ...expiry } },
      timeoutMs: this.waitTimeoutMs,
      ...options,
      confirm: async () => {
        const found = await this.snapshots(project, instance);
        return found.isOk() && found.value.some((one) => one.name === name);
      },
    });
    // 6.0.4 says it in words only, in the operation: a bare "Snapshot "x" already exists", or the database's.
    return made.mapErr((why) =>
      /already exists|UNIQUE constraint failed/i.test(why.message)
        ? { ...why, kind: 'already_exists' as const }
        : why,
    );
  }

  deleteSnapshot(
    project: string,
    { instance, snapshot: name }: IncusSnapshotName,
    options: WaitOptions = {},
  ): Answer<void> {
    return run(this.wire, {
      request: { method: 'DELETE', path: apiPath(['instances', instance, 'snapshots', name], { project }) },
      timeoutMs: this.waitTimeoutMs,
      ...options,
      confirm: async () => {
        const found = await this.snapshots(project, instance);
        return found.isOk() && !found.value.some((one) => one.name === name);
      },
    });
  }

  snapshots(project: string, name: string, options?: CallOptions): Answer<readonly IncusInstanceSnapshot[]> {
    const path = apiPath(['instances', name, 'snapshots'], { project, recursion: '1' });
    return this.wire.get(z.array(instanceSnapshotSchema), path, options);
  }
}

/** Where each change leads; an ephemeral instance that was stopped is gone. */
const settledStatuses: Readonly<Record<IncusStateChange['action'], readonly string[]>> = {
  start: ['Running'],
  restart: ['Running'],
  unfreeze: ['Running'],
  freeze: ['Frozen'],
  stop: ['Stopped', 'not_found'],
};

function ifMatch(etag: string | undefined): Record<string, string> {
  return etag === undefined ? {} : { 'if-match': etag };
}
