import type { OpenMachineFault } from '../../../application/faults/machine-fault.js';

const REFUSALS: ReadonlySet<OpenMachineFault['kind']> = new Set([
  'invalid_job',
  'invalid_plan',
  'not_trusted',
  'no_such_template',
  'template_in_use',
  'template_refused',
  'no_such_cache',
  'cache_in_use',
  'run_exists',
  'job_in_use',
  'no_such_job',
  'invalid_machine',
  'invalid_step',
  'no_such_machine',
  'no_such_step',
  'step_exists',
  'machine_released',
]);

/** What was asked for cannot be, and nothing was begun: nothing has failed. */
export function isRefusal({ kind }: Pick<OpenMachineFault, 'kind'>): boolean {
  return REFUSALS.has(kind);
}
