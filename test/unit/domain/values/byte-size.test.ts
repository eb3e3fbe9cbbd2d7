import { expect, it } from 'vitest';
import { byteSizeSchema, bytesOf, parseByteSize } from '../../../../src/domain/values/byte-size.js';

it.each([
  ['0', 0],
  ['1048576', 1048576],
  ['50GiB', 50 * 1024 ** 3],
  ['1.5 MB', 1.5e6],
  ['2k', 2000],
  ['2Ki', 2048],
  ['512B', 512],
])('%s is a size', (text, bytes) => {
  expect(parseByteSize(text)).toBe(bytes);
  expect(bytesOf(byteSizeSchema.parse(text))).toBe(bytes);
});

it.each(['', 'GiB', '-1', '1e9', '1 XB', '50 GiB of snapshots', '99999999TiB'])('"%s" is none', (text) => {
  expect(parseByteSize(text)).toBeNull();
  expect(byteSizeSchema.safeParse(text).success).toBe(false);
});
