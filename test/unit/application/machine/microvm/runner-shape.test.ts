import { expect, it } from 'vitest';
import { runnerShape } from '../../../../../src/application/machine/microvm/runner-shape.js';

it.each([
  ['1', 1],
  ['512MiB', 512],
  ['1GB', 954],
  ['4GiB', 4096],
])('a memory limit of %s is %i MiB of a machine', (memory, mebibytes) => {
  expect(runnerShape([], { memory }).memoryMib).toBe(mebibytes);
});

it('what a job does not limit is left to the runner', () => {
  expect(runnerShape([], {})).toEqual({ shares: [], cpus: null, memoryMib: null, diskMib: null });
});
