import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { repositoryRoot } from '../support/repository-root.js';
import { scratchDirectory } from '../support/scratch-directory.js';
import { unawaitedReturns } from '../support/unawaited-returns.js';

const PLANTED = `
declare function held(): AsyncDisposable & { work(): Promise<number> };
export async function early(fine: boolean) {
  await using resource = held();
  return fine ? 1 : resource.work();
}
export async function late() {
  await using resource = held();
  return await resource.work();
}
export async function other() {
  {
    await using resource = held();
    await resource.work();
  }
  return held().work();
}
`;

function programOf(files: readonly string[]): ts.Program {
  const at = join(repositoryRoot, 'tsconfig.json');
  const { options } = ts.parseJsonConfigFileContent(
    ts.readConfigFile(at, ts.sys.readFile).config,
    ts.sys,
    repositoryRoot,
  );
  return ts.createProgram(files, options);
}

describe('a resource', () => {
  it('is held until the work that was begun on it has ended: no promise is returned past it', () => {
    const src = join(repositoryRoot, 'src');
    const files = ts.sys.readDirectory(src, ['.ts']);
    expect(files.length).toBeGreaterThan(20);
    expect(unawaitedReturns(programOf(files), [src])).toEqual([]);
  }, 120_000);

  it('that is let go of too early is caught', async () => {
    await using scratch = await scratchDirectory();
    const file = join(scratch.path, 'src/planted.ts');
    await mkdir(join(scratch.path, 'src'));
    await writeFile(file, PLANTED);
    expect(unawaitedReturns(programOf([file]), [scratch.path])).toEqual([
      { file, line: 5, text: 'resource.work()' },
    ]);
  }, 120_000);
});
