import { parseByteSize } from '../../../domain/values/byte-size.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusFault } from '../../../ports/incus-fault.js';
import type { IncusCreateInstance } from '../../../ports/incus-types.js';

const AMOUNTS = ['limits.cpu', 'limits.disk', 'limits.memory', 'limits.processes'];
/** As Incus 6.0.4 says it: `Reached maximum aggregate value "100MiB" for "limits.memory" in project "p"`. */
const AGGREGATE = /Reached maximum aggregate value "([^"]*)" for "(limits\.[a-z]+)[^"]*"/;

/**
 * Of a machine that a limit of the project has no room for: the same fault, or, where there never will be any because the machine alone
 * asks for more than the project has in all, one that is not worth waiting for.
 */
export async function quotaFault(
  incus: IncusApi,
  { project, instance }: { readonly project: string; readonly instance: IncusCreateInstance },
  fault: IncusFault,
  signal: AbortSignal,
): Promise<IncusFault> {
  const [, most = '', key = ''] = AGGREGATE.exec(fault.message) ?? [];
  const never = whyNeverFits(instance, key, most) ?? (await whyNever(incus, project, instance, signal));
  if (never === null) return fault;
  return { ...fault, kind: 'invalid_request', message: `${fault.message}; ${never}` };
}

/**
 * What the project says of its limits, whichever of them refused: null where it may have room for this machine some day. A limit of 0 is
 * how an operator says that none is wanted.
 */
export async function whyNever(
  incus: IncusApi,
  project: string,
  instance: IncusCreateInstance,
  signal: AbortSignal,
): Promise<string | null> {
  const found = await incus.project(project, { signal });
  if (found.isErr()) return null;
  const { config } = found.value.value;
  const kind = instance.type === 'container' ? 'limits.containers' : 'limits.virtual-machines';
  const none = ['limits.instances', kind].find((key) => config[key] === '0');
  if (none !== undefined) return `${none} of the project is 0, so it is not waited for`;
  const reasons = AMOUNTS.flatMap((key) => whyNeverFits(instance, key, config[key] ?? '') ?? []);
  return reasons[0] ?? null;
}

/** The same for several containers that are of use together only. */
export async function whyNeverSoMany(
  incus: IncusApi,
  project: string,
  machines: number,
  signal: AbortSignal,
): Promise<string | null> {
  const found = await incus.project(project, { signal });
  if (found.isErr()) return null;
  const { config } = found.value.value;
  const key = ['limits.instances', 'limits.containers'].find(
    (one) => Number(config[one] || machines) < machines,
  );
  return key === undefined
    ? null
    : `${machines} machines are needed at once, and ${key} of the project is ${config[key]}, so they are not waited for: raise it`;
}

function whyNeverFits(instance: IncusCreateInstance, key: string, most: string): string | null {
  const root = Object.values(instance.devices).find(({ path }) => path === '/');
  const asked = key === 'limits.disk' ? root?.['size'] : instance.config[key];
  const [wanted, bound] = [asked ?? '', most].map(amountOf);
  if (wanted == null || bound == null || wanted <= bound) return null;
  return `this machine alone asks for ${asked}, so it is not waited for: lower its ${key}, or raise that of the project`;
}

/** Incus takes sizes (`1GiB`) and numbers; of anything else, such as `50%`, nothing is concluded. */
function amountOf(text: string): number | null {
  return /^[0-9]+$/.test(text) ? Number(text) : parseByteSize(text);
}
