import type { ListedMachine, MachineState } from '../../../../application/open-machine/list-machines.js';
import type { MachineListDocument } from '../../../../domain/records/state-documents.js';
import { inColumns } from '../../output/columns.js';
import { type CliContext, complain } from '../../session/cli-context.js';
import { EXIT } from '../../session/exit-code.js';
import { printJson } from '../state-root.js';
import type { HostOptions } from '../with-pikaci.js';
import { complainOfFault, onHost } from './machine-session.js';

export interface MachineListOptions extends HostOptions {
  readonly all?: boolean;
  readonly output: 'human' | 'json';
}

const MAY_BE_USED: ReadonlySet<MachineState> = new Set(['opening', 'open', 'stopped']);

/** `pikaci machine list`: the machines that were opened from here and are open; with `--all`, those that are gone as well. */
export async function machineListCommand(context: CliContext, options: MachineListOptions): Promise<number> {
  return onHost(context, options, async (pikaci) => {
    const listed = await pikaci.listMachines({ signal: context.interrupts.signal });
    if (listed.isErr()) return complainOfFault(context, listed.error);
    const { machines, damaged, unopened } = listed.value;
    const shown = options.all === true ? machines : machines.filter(({ state }) => MAY_BE_USED.has(state));
    for (const { id, message } of damaged)
      complain(context, `the record of the machine ${id} cannot be read: ${message}`);
    for (const { message } of unopened) complain(context, message);
    if (options.output === 'json') printJson(context, documentOf(shown));
    else context.stdout.write(table(shown));
    return damaged.length === 0 ? EXIT.passed : EXIT.systemFailure;
  });
}

function documentOf(machines: readonly ListedMachine[]): MachineListDocument {
  return {
    type: 'machine_list',
    schema_version: 1,
    machines: machines.map(({ id, state, name, host, createdAt, leaseEndsAt }) => ({
      machine_id: id,
      state,
      instance_name: name,
      host,
      created_at: createdAt,
      lease_ends_at: leaseEndsAt,
    })),
  };
}

function table(machines: readonly ListedMachine[]): string {
  if (machines.length === 0) return 'no machine is open\n';
  const rows = machines.map(({ id, state, host, createdAt, leaseEndsAt }) => [
    id,
    state,
    createdAt,
    leaseEndsAt ?? '-',
    host,
  ]);
  return `${inColumns([['MACHINE', 'STATE', 'OPENED', 'LEASE ENDS', 'HOST'], ...rows]).join('\n')}\n`;
}
