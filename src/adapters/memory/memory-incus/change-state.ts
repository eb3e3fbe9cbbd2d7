import { ok, type Result } from 'neverthrow';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusStateChange } from '../../../ports/incus-types.js';
import { refuse } from './memory-fault.js';
import type { MemoryInstance } from './memory-instance.js';
import type { MemoryProject } from './memory-world.js';

const tried = 'PUT /1.0/instances/state';

type Action = IncusStateChange['action'];

/** The status that each action wants to find. */
const from: Readonly<Record<Action, readonly MemoryInstance['status'][]>> = {
  start: ['Stopped'],
  stop: ['Running', 'Frozen'],
  restart: ['Running'],
  freeze: ['Running'],
  unfreeze: ['Frozen'],
};

const to: Readonly<Record<Action, MemoryInstance['status']>> = {
  start: 'Running',
  stop: 'Stopped',
  restart: 'Running',
  freeze: 'Frozen',
  unfreeze: 'Running',
};

/** A change of state at once. Stopping kills what runs in the instance, and deletes an ephemeral one. */
export function changeState(
  instance: MemoryInstance,
  project: MemoryProject,
  change: IncusStateChange,
): Result<void, IncusFault> {
  if (instance.busyWith)
    return refuse('busy', tried, `Instance is busy running a "${instance.busyWith}" operation`);
  if (!from[change.action].includes(instance.status)) {
    const message = `The instance is ${instance.status === 'Running' ? 'already running' : 'not running'}`;
    return refuse('invalid_request', tried, message);
  }
  instance.status = to[change.action];
  if (change.action === 'stop' || change.action === 'restart') {
    for (const exec of instance.execs) exec.kill();
  }
  if (change.action === 'stop' && instance.ephemeral) project.instances.delete(instance.name);
  return ok(undefined);
}
