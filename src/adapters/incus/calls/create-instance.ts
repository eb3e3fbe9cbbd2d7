import { err, type Result } from 'neverthrow';
import type { WaitOptions } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusCreateInstance, IncusSource } from '../../../ports/incus-types.js';
import { awakeTimer } from '../../../streams/awake-timer.js';
import { fault } from '../http/call-site.js';
import { type OperationCall, run } from '../operations/run.js';
import { apiPath } from '../wire/api-path.js';
import type { Wire } from '../wire/wire.js';

/** How long an abort waits for a create to settle, at most. */
const settleMs = 120_000;

/** Creates an instance; see `IncusApi.createInstance` for what an abort does. */
export async function createInstance(
  wire: Wire,
  project: string,
  instance: IncusCreateInstance,
  options: WaitOptions & { readonly timeoutMs: number; readonly confirm: () => Promise<boolean> },
): Promise<Result<void, IncusFault>> {
  const { signal, timeoutMs, confirm } = options;
  const path = apiPath(['instances'], { project, target: instance.target });
  const call: OperationCall = { request: { method: 'POST', path, json: body(instance) }, timeoutMs, confirm };
  const aborted = err(fault(wire.siteOf(call.request), 'aborted', 'the create was cancelled'));
  if (signal?.aborted) return aborted;
  // Incus cannot cancel a create: once asked for, it is seen through, and only then is the abort answered.
  const created = run(wire, call);
  if (instance.start) wire.warm();
  if (!signal) return explained(await created);
  const settled = await Promise.race([created.then(explained), settledAfterAbort(signal, created)]);
  return signal.aborted ? aborted : (settled ?? aborted);
}

function settledAfterAbort(signal: AbortSignal, created: Promise<unknown>): Promise<undefined> {
  return new Promise((resolve) => {
    const onAbort = (): void => {
      const takeBack = awakeTimer(settleMs, () => resolve(undefined));
      void created.finally(takeBack);
    };
    signal.addEventListener('abort', onAbort, { once: true });
    void created.finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** What Incus says of a create in words only. */
const texts: readonly (readonly [RegExp, IncusFault['kind']])[] = [
  // While another create of the same name runs, the instance is busy; the name is taken all the same.
  [/busy running a "create"/i, 'already_exists'],
  // 6.0.4: an unknown alias or fingerprint, and an unknown profile.
  [/image not provided for instance creation/i, 'not_found'],
  [/profile ".*" doesn't exist/i, 'not_found'],
];

function explained(created: Result<void, IncusFault>): Result<void, IncusFault> {
  return created.mapErr((why) => {
    const kind = texts.find(([pattern]) => pattern.test(why.message))?.[1];
    return kind ? { ...why, kind } : why;
  });
}

function sourceOf(source: IncusSource): unknown {
  if (source === 'none') return { type: 'none' };
  if (!('copyOf' in source)) return { type: 'image', ...source };
  const { instance, snapshot } = source.copyOf;
  return { type: 'copy', source: `${instance}/${snapshot}`, instance_only: true };
}

function body(instance: IncusCreateInstance): unknown {
  return {
    name: instance.name,
    type: instance.type,
    ephemeral: instance.ephemeral,
    start: instance.start,
    source: sourceOf(instance.source),
    config: instance.config,
    devices: instance.devices,
    ...(instance.profiles ? { profiles: instance.profiles } : {}),
    ...(instance.description === undefined ? {} : { description: instance.description }),
  };
}
