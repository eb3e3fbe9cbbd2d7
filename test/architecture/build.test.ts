import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configJsonSchema } from '../../src/domain/config/config-json-schema.js';
import { builtPackage } from '../support/built-package.js';
import { diskWorkspace } from '../support/disk-workspace.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

type Target = string | { readonly [condition: string]: Target };
const targetSchema: z.ZodType<Target> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), targetSchema)]),
);
const manifestSchema = z.object({
  exports: z.record(z.string(), targetSchema),
  bin: z.record(z.string(), z.string()),
  files: z.array(z.string()),
});

function targetsOf(target: Target): string[] {
  return typeof target === 'string' ? [target] : Object.values(target).flatMap(targetsOf);
}

describe('what the build makes', () => {
  let built: Awaited<ReturnType<typeof builtPackage>>;
  beforeAll(async () => {
    built = await builtPackage();
  }, 200_000);
  afterAll(() => built[Symbol.asyncDispose]());

  it('has the JSON Schema of the configuration', async () => {
    const text = await readFile(join(built.path, 'dist/config.schema.json'), 'utf8');
    expect(JSON.parse(text)).toEqual(configJsonSchema());
  });

  it('is all that package.json points at', async () => {
    const { exports, bin, files } = manifestSchema.parse(
      JSON.parse(await readFile(join(built.path, 'package.json'), 'utf8')),
    );
    const pointed = [...Object.values(exports).flatMap(targetsOf), ...Object.values(bin), ...files];
    expect(pointed.length).toBeGreaterThan(5);
    expect(pointed.filter((path) => !existsSync(join(built.path, path)))).toEqual([]);
  });

  it('has the scripts of the pages, which a browser runs as they are', async () => {
    const script = join(built.path, 'dist/adapters/http/script');
    expect(await readdir(script)).toEqual(expect.arrayContaining(['live.js', 'merge.js']));
    expect(await readFile(join(script, 'live.js'), 'utf8')).toContain("from './live-log.js'");
  });

  it('hashes a large workspace in its worker thread, and ends when there is nothing left to do', async () => {
    await using workspace = await temporaryDirectory();
    for (let n = 0; n < 300; n += 1) await diskWorkspace(workspace.path).write(`${n}`, 'x');
    // The scanner is not closed: the idle thread must not hold the process.
    const program = `
      const { GitWorkspaceScanner } = await import(process.argv[1]);
      const result = await new GitWorkspaceScanner().scan(process.argv[2]);
      console.log(result._unsafeUnwrap().entries.length);
    `;
    const module = join(built.path, 'dist/adapters/node/git-workspace-scanner.js');
    const args = ['--input-type=module', '--eval', program, module, workspace.path];
    const { stdout } = await promisify(execFile)(process.execPath, args, { timeout: 15_000 });
    expect(stdout).toBe('300\n');
  });
});
