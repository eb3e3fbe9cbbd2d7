import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import zlib, { type ZlibOptions } from 'node:zlib';
import type { Random } from '../../test/support/chaos/random.js';

type Done = (error: Error | null, result: Buffer) => void;

/**
 * Whatever draws lots in this process draws those of the seed, until it is taken back: names of machines, owners, pauses. What another thread
 * would do beside it, and would end some time, is done at once.
 */
export function seededChance(random: Random): Disposable {
  const { randomBytes, randomUUID } = crypto;
  const { random: mathRandom } = Math;
  const { gzip, gunzip } = zlib;
  const bytes = (size: number) => Buffer.from(Array.from({ length: size }, () => random.whole(0, 256)));
  Object.assign(crypto, {
    randomBytes: bytes,
    randomUUID: () => {
      const hex = bytes(16).toString('hex');
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join(
        '-',
      );
    },
  });
  Object.assign(zlib, {
    gzip: (data: Uint8Array, options: ZlibOptions, done: Done) => done(null, zlib.gzipSync(data, options)),
    gunzip: (data: Uint8Array, options: ZlibOptions, done: Done) =>
      done(null, zlib.gunzipSync(data, options)),
  });
  Math.random = () => random.between(0, 1);
  syncBuiltinESMExports();
  return {
    [Symbol.dispose]: () => {
      Object.assign(crypto, { randomBytes, randomUUID });
      Object.assign(zlib, { gzip, gunzip });
      Math.random = mathRandom;
      syncBuiltinESMExports();
    },
  };
}
