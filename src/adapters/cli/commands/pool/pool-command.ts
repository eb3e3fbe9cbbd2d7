import type { PoolChange, PoolStatus } from '../../../../application/machine/incus/pool-status.js';
import { waitingMachineDocument } from '../../../../application/machine/incus/record-pool.js';
import type { PoolStatusDocument } from '../../../../domain/records/pool-documents.js';
import { inColumns } from '../../output/columns.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { complainOfFault, onHost } from '../machine/machine-session.js';
import { printJson } from '../state-root.js';
import type { HostOptions } from '../with-pikaci.js';

export interface PoolStatusOptions extends HostOptions {
  readonly output: 'human' | 'json' | 'jsonl';
  readonly json?: boolean;
}

/** `pikaci pool status`: what waits in the project, of whatever pool. */
export function poolStatusCommand(context: CliContext, options: PoolStatusOptions): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const status = await pikaci.poolStatus({ signal: context.interrupts.signal });
    if (status.isErr()) return complainOfFault(context, status.error);
    const output = options.json === true ? 'json' : options.output;
    if (output === 'human') context.stdout.write(`${linesOf(status.value).join('\n')}\n`);
    else if (output === 'json') printJson(context, documentOf(pikaci.host, status.value));
    else
      for (const one of status.value.waiting)
        context.stdout.write(`${JSON.stringify(waitingMachineDocument(one))}\n`);
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
    const { reason, made, waiting, size } = changed.value;
    if (reason !== null) {
      const so = `${made.length} made, ${waiting} of ${size} wait`;
      complain(context, `warning: the project has no room for all of the pool: ${so}: ${reason}`);
    }
    return EXIT.passed;
  });
}

function documentOf(host: string, { pool, size, waiting, problem }: PoolStatus): PoolStatusDocument {
  const head = { type: 'pool_status', schema_version: 1, host, pool, size } as const;
  return { ...head, waiting: waiting.map(waitingMachineDocument), problem };
}

function changesOf({ made, removed }: PoolChange): readonly string[] {
  return [...made.map((name) => `made ${name}`), ...removed.map((name) => `removed ${name}`)];
}

function linesOf({ pool, size, waiting, problem }: PoolStatus): readonly string[] {
  const own = waiting.filter((one) => one.pool === pool).length;
  const head = pool === null ? 'the configuration has no pool' : `${own} of ${size} wait in the pool ${pool}`;
  const rows = waiting.map(({ name, pool: of, isUp, endsAt, template, image, replacedBecause }) => [
    name,
    of,
    isUp ? 'up' : 'starting',
    template === null
      ? `image ${image?.slice(0, 12) ?? 'unknown'}`
      : `template ${template.name || 'that is gone'} ${template.key.slice(0, 12)}`.trimEnd(),
    `until ${endsAt}`,
    replacedBecause === null ? '' : `to be replaced: ${replacedBecause}`,
  ]);
  const why = problem === null ? [] : [`none can be made: ${problem}`];
  return [head, ...why, ...inColumns(rows).map((line) => line.trimEnd())];
}
