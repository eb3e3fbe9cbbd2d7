import { err, ok, type Result } from 'neverthrow';
import { readLease } from '../../../domain/machine/lease.js';
import {
  readTemplateMark,
  TEMPLATE_SNAPSHOT,
  type TemplateMark,
} from '../../../domain/machine/template-mark.js';
import { templateInstanceName } from '../../../domain/machine/template-place.js';
import { isHeld } from '../../../domain/target/retention.js';
import type { IncusApi } from '../../../ports/incus-api.js';
import type { IncusInstance } from '../../../ports/incus-types.js';
import type { JobFault } from '../../faults/job-fault.js';
import { incusFault } from '../../faults/port-faults.js';
import type { WarmSettings } from '../../settings/job-settings.js';
import type { MachineBaseSource } from '../machine-spec.js';
import { resolveImage } from './prepare-runtime.js';

/** What the machines of a pool are made from now: the image that the alias means, or the snapshot of a template. */
export async function poolSource(
  incus: IncusApi,
  at: {
    readonly project: string;
    readonly warm: Pick<WarmSettings, 'imageAlias' | 'template'>;
    readonly nowMs: number;
  },
  signal: AbortSignal,
): Promise<Result<MachineBaseSource, JobFault>> {
  const { project, warm, nowMs } = at;
  if (warm.template === null) {
    const image = await resolveImage(
      incus,
      { incusProject: project, incusImageAlias: warm.imageAlias },
      signal,
    );
    return image.map((identity) => ({ image: identity }));
  }
  const listed = await incus.instances(project, { signal });
  if (listed.isErr()) return err(incusFault(listed.error, null));
  const mark = poolTemplate(listed.value, warm.template, nowMs);
  if (mark === null) {
    const message = `"warm.template": there is no template "${warm.template}" on ${incus.host} yet; a run that needs it makes it, as "pikaci template build ${warm.template}" does`;
    return err({ kind: 'no_such_template', phase: null, host: incus.host, message, field: 'warm.template' });
  }
  const { alias, fingerprint, key } = mark;
  const copyOf = { instance: templateInstanceName(key), snapshot: TEMPLATE_SNAPSHOT };
  return ok({ image: { project, alias, fingerprint }, copyOf });
}

/** By the instance that it is, all that are made. */
export function templatesOf(instances: readonly IncusInstance[]): ReadonlyMap<string, TemplateMark> {
  return new Map(
    instances.flatMap(({ name, config }) => {
      const mark = readLease(config) === null ? readTemplateMark(config) : null;
      return mark !== null && templateInstanceName(mark.key) === name ? [[name, mark] as const] : [];
    }),
  );
}

/**
 * Which of the templates of one name a pool is of. Branches may ask for several keys in turn: of those that were used lately it is the one that
 * was made last, so that they do not replace each other's machines for ever. Where none was, it is the one that was used last.
 */
function poolTemplate(instances: readonly IncusInstance[], name: string, nowMs: number): TemplateMark | null {
  const named = [...templatesOf(instances).values()].filter((mark) => mark.name === name);
  const lately = named.filter(({ lastUsedMs }) => isHeld(lastUsedMs, nowMs));
  const order =
    lately.length > 0
      ? ({ madeAtMs, key }: TemplateMark) => [madeAtMs, key] as const
      : ({ lastUsedMs, key }: TemplateMark) => [lastUsedMs, key] as const;
  const [last] = (lately.length > 0 ? lately : named).sort((one, other) => {
    const [[time, key], [otherTime, otherKey]] = [order(one), order(other)];
    return otherTime - time || (key < otherKey ? -1 : 1);
  });
  return last ?? null;
}
