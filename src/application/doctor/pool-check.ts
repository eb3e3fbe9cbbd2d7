import type { WarmPool } from '../machine/incus/warm-pool.js';
import type { WarmSettings } from '../settings/job-settings.js';
import { passed, quoted, warned } from './check.js';
import type { DoctorCheck } from './doctor-report.js';

export type PoolLook = Pick<WarmPool, 'status'>;

const NAME = 'warm_pool' as const;

/** The pool of the configuration: what it is of, how many wait, and why it is not full. Fills nothing. */
export async function checkWarmPool(
  pool: PoolLook,
  { warm, templates }: { readonly warm: WarmSettings; readonly templates: readonly string[] },
  signal: AbortSignal,
): Promise<DoctorCheck> {
  const status = await pool.status({ signal });
  if (status.isErr())
    return warned(
      NAME,
      `${status.error.message}; jobs are started cold`,
      'leave "warm" out of the configuration',
    );
  const { template, imageAlias, size } = warm;
  const of = template === null ? `the image ${imageAlias}` : `the template ${template}`;
  const { problem, waiting, pool: own } = status.value;
  if (template !== null && !templates.includes(template))
    return warned(
      NAME,
      `"warm.template" is ${template}, and no target of the configuration has a template of that name: nothing takes what waits`,
      `let "warm.template" name one of ${templates.join(', ') || 'the templates of your targets'}`,
    );
  if (problem !== null) {
    const remedy =
      template === null
        ? `incus image list ${quoted(imageAlias)}`
        : `pikaci template build ${quoted(template)}`;
    return warned(NAME, `the pool of ${of} stays empty: ${problem}`, remedy);
  }
  const ours = waiting.filter((one) => one.pool === own);
  const good = ours.filter(({ isUp, replacedBecause }) => isUp && replacedBecause === null);
  const some = `${good.length} of ${size} wait in the pool of ${of}`;
  if (good.length >= size) return passed(NAME, some);
  const old = ours.flatMap(({ replacedBecause }) => replacedBecause ?? []);
  const starting = ours.length - good.length - old.length;
  const why = [
    ...(starting === 0 ? [] : [`${starting} ${starting === 1 ? 'is' : 'are'} starting`]),
    ...(old[0] === undefined ? [] : [`${old.length} will be replaced: ${old[0]}`]),
  ];
  return warned(NAME, [some, ...why, 'the next job that ends fills it'].join('; '), 'pikaci pool fill');
}
