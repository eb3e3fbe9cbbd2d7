import type { PoolChange, PoolStatus } from '../../../../application/machine/incus/warm-pool.js';
import { inColumns } from '../../output/columns.js';
import type { CliContext } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault, onHost } from '../machine/machine-session.js';
import type { HostOptions } from '../with-pikaci.js';

/** `pikaci pool status`: what waits in the project, of whatever pool. */
export function poolStatusCommand(context: CliContext, options: HostOptions): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const status = await pikaci.poolStatus({ signal: context.interrupts.signal });
    if (status.isErr()) return complainOfFault(context, status.error);
    context.stdout.write(`${linesOf(status.value).join('\n')}\n`);
    return EXIT.passed;
  });
}

/** `pikaci pool fill` and `drain`: the names of what was made and removed. */
export function poolChangeCommand(
  context: CliContext,
  verb: 'fill' | 'drain',
  options: HostOptions,
): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const { signal } = context.interrupts;
    const changed = await (verb === 'fill' ? pikaci.fillPool({ signal }) : pikaci.drainPool({ signal }));
    if (changed.isErr()) return complainOfFault(context, changed.error);
    for (const line of changesOf(changed.value)) context.stdout.write(`${line}\n`);
    if (changed.value.isCutShort)
      context.stderr.write('pikaci: warning: the project has no room for all of the pool\n');
    return EXIT.passed;
  });
}

function changesOf({ made, removed }: PoolChange): readonly string[] {
  return [...made.map((name) => `made ${name}`), ...removed.map((name) => `removed ${name}`)];
}

function linesOf({ pool, size, waiting }: PoolStatus): readonly string[] {
  const own = waiting.filter((one) => one.pool === pool).length;
  const head = pool === null ? 'the configuration has no pool' : `${own} of ${size} wait in the pool ${pool}`;
  const rows = waiting.map(({ name, pool: of, isUp, endsAt }) => [
    name,
    of,
    isUp ? 'up' : 'starting',
    `until ${endsAt}`,
  ]);
  return [head, ...inColumns(rows)];
}
