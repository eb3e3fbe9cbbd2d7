import { timeChild } from '../child-output.js';
import type { Row, Times } from './row.js';

/**
 * (g) What a start costs, as it is built: the command that says its version, and a program that imports the library, beside a Node that
 * does nothing. The package is found by its own name, from the folder of the repository.
 */
export function startUpRow(): Row {
  const started = async (...args: readonly string[]) => (await timeChild([process.execPath, ...args])).endMs;
  return {
    name: 'g',
    async round(): Promise<Times> {
      const node = await started('-e', '0');
      const version = await started('dist/bin.js', '--version');
      const library = await started('--input-type=module', '-e', "import 'pikaci'");
      return { node, version, library };
    },
    async [Symbol.asyncDispose]() {
      // Each process has ended.
    },
  };
}
