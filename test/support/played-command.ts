import { chmod, writeFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { rolldown } from 'rolldown';
import { quoteWords } from '../../src/domain/values/shell-words.js';
import { repositoryRoot } from './repository-root.js';
import { scratchDirectory } from './scratch-directory.js';

/** A folder for `PATH` with a `pikaci` whose host is in memory: `terminal-program.ts`, bundled. */
export async function playedCommand(): Promise<{ readonly folder: string } & AsyncDisposable> {
  const scratch = await scratchDirectory();
  const bundle = await rolldown({
    cwd: repositoryRoot,
    input: 'test/support/terminal-program.ts',
    platform: 'node',
    tsconfig: 'tsconfig.build.json',
    transform: { target: 'node20.19' },
    // What the repository has, but for what the bundler itself adds.
    external: (id) => !/^[./]|^@oxc-project\//.test(id) && !isAbsolute(id),
    onLog: () => {},
  });
  await bundle.write({ dir: scratch.path, format: 'esm', entryFileNames: 'program.mjs' });
  await bundle.close();
  const path = join(scratch.path, 'pikaci');
  const words = quoteWords([process.execPath, join(scratch.path, 'program.mjs')]);
  await writeFile(path, `#!/bin/sh\nexec ${words} "$@"\n`);
  await chmod(path, 0o755);
  return { folder: scratch.path, [Symbol.asyncDispose]: () => scratch[Symbol.asyncDispose]() };
}
