import { expect, it } from 'vitest';
import { mayHaveBegun, mayHaveTaken } from '../../../../src/application/job/may-have-begun.js';
import type { IncusFault } from '../../../../src/ports/incus-fault.js';
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

const seen = (kind: IncusFault['kind']) =>
  ({ kind, host: 'host', tried: 'exec', status: null, message: kind }) as const;

it.each([
  ['incus', 'gone', seen('not_found'), false],
  ['incus', 'refused', seen('invalid_request'), false],
  ['incus', 'refused', seen('permission_denied'), false],
  ['incus', 'refused', seen('operation_failed'), true],
  ['incus', 'refused', seen('unexpected_answer'), true],
  ['incus', 'refused', undefined, true],
  ['incus', 'connection_lost', seen('timed_out'), true],
  ['incus', 'not_running', seen('invalid_request'), true],
  ['incus', 'aborted', seen('closed'), true],
  ['microvm', 'refused', undefined, true],
  ['microvm', 'gone', undefined, true],
] as const)(
  'a guest on %s whose first call was %s because of %o may have its job: %s',
  (backend, kind, cause, may) => {
    expect(mayHaveTaken({ kind, ...(cause === undefined ? {} : { cause }) }, backend)).toBe(may);
  },
);
