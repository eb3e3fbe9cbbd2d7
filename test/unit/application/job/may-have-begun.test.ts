import { expect, it } from 'vitest';
import { mayHaveBegun } from '../../../../src/application/job/may-have-begun.js';
import type { ShellFault } from '../../../../src/ports/remote-shell.js';

const because = (kind: ShellFault['kind']): ShellFault =>
  ({ kind, host: 'host', tried: 'launch', message: kind }) as ShellFault;

it.each([
  ['microvm', 'launch_guest', because('connection_lost'), true],
  ['microvm', 'launch_guest', because('unreachable'), true],
  ['microvm', 'launch_guest', undefined, false],
  ['microvm', 'launch_guest', because('aborted'), false],
  ['microvm', 'prepare_runtime', because('connection_lost'), false],
  ['incus', 'launch_guest', because('connection_lost'), false],
] as const)('a job on %s whose %s failed because of %o may have begun: %s', (backend, phase, cause, may) => {
  expect(mayHaveBegun({ phase, ...(cause === undefined ? {} : { cause }) }, backend)).toBe(may);
});
