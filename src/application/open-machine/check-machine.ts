import { randomBytes } from 'node:crypto';
import { err, ok, type Result } from 'neverthrow';
import {
  type OpenMachineSpec,
  type OpenMachineSpecInput,
  openMachineSpecSchema,
} from '../../domain/machine/open-machine-spec.js';
import { machineIdSchema } from '../../domain/values/identifier.js';
import { whyNoKey } from '../../domain/values/proto-key.js';
import { runIdAt } from '../../domain/values/run-id.js';
import type { MachineFault } from '../faults/machine-fault.js';
import type { OpenMachineParts } from './open-machine-parts.js';

/** What a caller has asked for, with every default filled in; a new id where none was given. */
export function checkMachine(
  { ports, backends, jobServices }: Pick<OpenMachineParts, 'ports' | 'backends' | 'jobServices'>,
  given: string | undefined,
  spec: OpenMachineSpecInput,
): Result<{ readonly id: string; readonly options: OpenMachineSpec }, MachineFault> {
  const { host } = ports.shell;
  const unreadable = whyNoKey(spec);
  const options = openMachineSpecSchema.safeParse(spec);
  if (!options.success || unreadable !== null) {
    const issue = unreadable ?? options.error?.issues[0];
    const field = (issue?.path ?? []).map(String).join('.') || 'machine';
    return err(invalidMachine(host, field, issue?.message));
  }
  const id = machineIdSchema.safeParse(given ?? runIdAt(ports.clock.now(), randomBytes(3)));
  if (!id.success) return err(invalidMachine(host, 'id', id.error.issues[0]?.message));
  if (options.data.image !== undefined && backends.name === 'microvm')
    return err(
      invalidMachine(host, 'image', 'a microVM is booted from a runner, and has no image to choose'),
    );
  if (options.data.hostDirectories.length > 0 && backends.name === 'microvm')
    return err(invalidMachine(host, 'hostDirectories', 'a microVM gets no directories of the host'));
  const unserved = jobServices.check(options.data.services ?? [], new Map());
  if (unserved !== null) return err(invalidMachine(host, 'services', unserved));
  return ok({ id: id.data, options: options.data });
}

export function invalidMachine(host: string, field: string, problem = 'is not valid'): MachineFault {
  return { kind: 'invalid_machine', host, message: `${field}: ${problem}`, field };
}
