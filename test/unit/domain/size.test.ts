import { expect, it } from 'vitest';
import { sizeInBytes, sizeInMebibytes } from '../../../src/domain/size.js';

it.each([
  ['1', 1],
  ['512B', 512],
  ['2kB', 2000],
  ['2KiB', 2048],
  ['3MB', 3_000_000],
  ['3MiB', 3_145_728],
  ['1GB', 1_000_000_000],
  ['4GiB', 4_294_967_296],
  ['1TiB', 1_099_511_627_776],
])('%s is %i bytes', (size, bytes) => {
  expect(sizeInBytes(size)).toBe(bytes);
});

it('mebibytes are rounded up', () => {
  expect(sizeInMebibytes('1')).toBe(1);
  expect(sizeInMebibytes('512MiB')).toBe(512);
  expect(sizeInMebibytes('1GB')).toBe(954);
});
