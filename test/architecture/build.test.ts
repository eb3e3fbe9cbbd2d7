import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configJsonSchema } from '../../src/domain/config/config-json-schema.js';
import { builtPackage } from '../support/built-package.js';
import { installedPackage } from '../support/installed-package.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { COMPILER_BOUND_MS, useOfInstalled } from '../support/use-of-installed.js';

type Target = string | { readonly [condition: string]: Target };
const targetSchema: z.ZodType<Target> = z.lazy(() =>
  z.union([z.string(), z.record(z.string(), targetSchema)]),
);
const manifestSchema = z.object({
  version: z.string(),
  exports: z.record(z.string(), targetSchema),
  bin: z.record(z.string(), z.string()),
  files: z.array(z.string()),
});

function targetsOf(target: Target): string[] {
  return typeof target === 'string' ? [target] : Object.values(target).flatMap(targetsOf);
}

const MOST_FILES = 80;
/** What takes longest to load, and not everybody needs. */
const HEAVY = [
  'ssh2',
  'ws',
  'inversify',
  'reflect-metadata',
  'hono',
  'jiti',
  'commander',
  'log-update',
  '@opentelemetry/api',
  '@opentelemetry/sdk-trace',
];

let built: Awaited<ReturnType<typeof builtPackage>>;
let installed: Awaited<ReturnType<typeof installedPackage>>;
let use: ReturnType<typeof useOfInstalled>;
let manifest: z.infer<typeof manifestSchema>;
beforeAll(async () => {
  built = await builtPackage();
  installed = await installedPackage(built.path);
  use = useOfInstalled(installed.path);
  manifest = manifestSchema.parse(JSON.parse(await readFile(join(built.path, 'package.json'), 'utf8')));
}, 200_000);
afterAll(async () => {
  await installed?.[Symbol.asyncDispose]();
  await built?.[Symbol.asyncDispose]();
});

describe('what the build makes', () => {
  it('has the JSON Schema of the configuration', async () => {
    const text = await readFile(join(built.path, 'dist/config.schema.json'), 'utf8');
    expect(JSON.parse(text)).toEqual(configJsonSchema());
  });

  it('is all that package.json points at', () => {
    const { exports, bin, files } = manifest;
    const pointed = [...Object.values(exports).flatMap(targetsOf), ...Object.values(bin), ...files];
    expect(pointed.length).toBeGreaterThan(5);
    expect(pointed.filter((path) => !existsSync(join(built.path, path)))).toEqual([]);
  });
});

describe('the package, packed and installed in an empty folder', () => {
  it(`has at most ${MOST_FILES} files, none of them a source or a test`, () => {
    expect(installed.files.length).toBeGreaterThan(10);
    expect(installed.files.length).toBeLessThanOrEqual(MOST_FILES);
    expect(installed.files.filter((path) => /^(src|test|bench|scripts)\/|\.ts$/.test(path))).toEqual(
      installed.files.filter((path) => path.endsWith('.d.ts')),
    );
  });

  it('gives what each of its entries promises', async () => {
    const entries = Object.keys(manifest.exports).filter((entry) => !entry.endsWith('.json'));
    expect(entries.sort()).toEqual(['.', './github-hooks', './records', './schemas', './testing']);
    // A script, which a runner is told the path of.
    const modules = entries.filter((entry) => entry !== './github-hooks');
    const names = await use.namesOf(modules.map((entry) => entry.replace(/^\./, 'pikaci')));
    expect(names['pikaci']).toEqual(
      expect.arrayContaining([
        'createPikaci',
        ...(names['pikaci/records'] ?? ['?']),
        ...(names['pikaci/schemas'] ?? ['?']),
      ]),
    );
    expect(names['pikaci/records']).toEqual(
      expect.arrayContaining(['listRuns', 'loadRunBundle', 'followEvents']),
    );
    expect(names['pikaci/schemas']).toEqual(
      expect.arrayContaining(['pikaciConfigSchema', 'configJsonSchema']),
    );
    expect(names['pikaci/testing']).toEqual(expect.arrayContaining(['MemoryHost', 'remoteShellContract']));
  });

  it.each([
    ['nodenext', { module: 'nodenext' }],
    ['bundler', { module: 'esnext', moduleResolution: 'bundler' }],
    ['a project with the types of browsers', { module: 'nodenext', lib: ['es2023', 'dom'] }],
  ])(
    'has types that the compiler takes as they are, from each entry: %s',
    async (_, how) => {
      const program = `
      import { createPikaci, type Pikaci, type RunRecord } from 'pikaci';
      import { loadRunRecord } from 'pikaci/records';
      import { pikaciConfigSchema, type PikaciConfigInput } from 'pikaci/schemas';
      import { MemoryHost } from 'pikaci/testing';
      const config: PikaciConfigInput = { host: 'local' };
      const pikaci: Pikaci = createPikaci(pikaciConfigSchema.parse(config), { adapters: new MemoryHost().adapters })._unsafeUnwrap();
      const record: RunRecord = (await loadRunRecord('.pikaci', 'run'))._unsafeUnwrap();
      // @ts-expect-error A run id is a text.
      await pikaci.rerun(record);
    `;
      expect(await use.compilerOutput(program, how)).toBe('');
    },
    COMPILER_BOUND_MS,
  );

  it('says its version without loading the program', async () => {
    expect(await use.command('--version')).toBe(`${manifest.version}\n`);
    const loaded = await use.loadedBy(use.bin, ['--version']);
    expect(loaded.filter((url) => !url.startsWith('node:'))).toHaveLength(2);
  });

  it('loads the large libraries only where they are used', async () => {
    const packages = (await use.loadedBy('pikaci')).map((url) => /.*\/node_modules\/([^/]+)/.exec(url)?.[1]);
    expect(packages).toContain('zod');
    expect(packages.filter((name) => HEAVY.includes(name ?? ''))).toEqual([]);
  });

  it('runs a configuration that is TypeScript', async () => {
    await use.write(
      'pikaci.config.ts',
      "const host: string = 'local';\nexport default { host, targets: { t: { jobs: [{ id: 'a-job', command: 'true' }] } } };\n",
    );
    expect(await use.command('target-info', 't')).toContain('a-job');
  });

  it('serves its pages with what is shipped for them', async () => {
    await using server = await use.serving();
    for (const [path, type] of [
      ['/', 'text/html'],
      ['/style.css', 'text/css'],
      ['/script/live.js', 'text/javascript'],
    ] as const) {
      const answer = await fetch(new URL(path, server.url), { headers: { accept: 'text/html' } });
      expect([path, answer.status, answer.headers.get('content-type')]).toEqual([
        path,
        200,
        expect.stringContaining(type),
      ]);
      const text = await answer.text();
      // As it stands in the sources: a browser runs it as it is.
      if (path === '/script/live.js') expect(text).toContain("from './live-log.js'");
    }
  });

  it('hashes a large workspace in its worker thread, and ends when there is nothing left to do', async () => {
    for (let n = 0; n < 300; n += 1) await use.write(`workspace/${n}`, 'x');
    // Nothing is closed: the idle thread must not hold the process. The instances of the host in memory have none of its disk.
    const output = await use.program(`
      import { readdir } from 'node:fs/promises';
      import { createPikaci } from 'pikaci';
      import { MemoryHost } from 'pikaci/testing';
      const { incus } = new MemoryHost();
      const pikaci = createPikaci({ host: 'local', workDir: process.cwd() + '/host' }, { adapters: { incus } })._unsafeUnwrap();
      const run = await pikaci.runJob({ job: { id: 'j', command: 'true' }, workspace: 'workspace' });
      const [snapshot] = await readdir('host/snapshots');
      const staged = await readdir('host/snapshots/' + snapshot + '/snapshot');
      console.log(run._unsafeUnwrapErr().phase, staged.length);
    `);
    expect(output).toBe('launch_guest 300\n');
  });

  it.each(['esm', 'cjs'] as const)(
    'works in a bundle (%s) with none of its files beside it',
    async (format) => {
      await use.write(
        'bundled.mjs',
        `import { mkdirSync, writeFileSync } from 'node:fs';
       import { createPikaci } from 'pikaci';
       import { MemoryHost } from 'pikaci/testing';
       async function main() {
         mkdirSync('tree');
         for (let n = 0; n < 300; n += 1) writeFileSync('tree/' + n, 'x');
         const { incus } = new MemoryHost();
         const options = { adapters: { incus } };
         for (const backend of ['microvm', 'incus'])
           createPikaci({ host: 'local', backend, microvm: { runner: '/runner' } }, options).isOk() || console.log('refused', backend);
         const pikaci = createPikaci({ host: 'local', workDir: process.cwd() + '/host' }, options)._unsafeUnwrap();
         const run = await pikaci.runJob({ job: { id: 'j', command: 'true' }, workspace: 'tree' });
         console.log(run._unsafeUnwrapErr().phase);
       }
       void main();`,
      );
      const bundle = await rolldown({
        cwd: installed.path,
        input: 'bundled.mjs',
        platform: 'node',
        external: [/^node:/, /\.node$/, 'cpu-features'],
        onLog: () => {},
      });
      await using elsewhere = await temporaryDirectory();
      const extension = format === 'esm' ? 'mjs' : 'cjs';
      await bundle.write({
        dir: elsewhere.path,
        format,
        entryFileNames: `main.${extension}`,
        chunkFileNames: `[name]-[hash].${extension}`,
      });
      await bundle.close();
      const main = join(elsewhere.path, `main.${extension}`);
      const ran = await promisify(execFile)(process.execPath, [main], {
        cwd: elsewhere.path,
        timeout: 50_000,
      });
      expect(ran.stdout).toBe('launch_guest\n');
    },
  );

  it('is a command in a bundle as well, with its version and its web server', async () => {
    await using elsewhere = await temporaryDirectory();
    const bundle = await rolldown({
      cwd: installed.path,
      input: use.bin,
      platform: 'node',
      // What jsonc-parser has as `main` no bundler can read.
      resolve: { mainFields: ['module', 'main'] },
      external: [/^node:/, /\.node$/, 'cpu-features'],
      onLog: () => {},
    });
    const names = { entryFileNames: 'main.mjs', chunkFileNames: '[name]-[hash].mjs' };
    await bundle.write({ dir: elsewhere.path, format: 'esm', ...names });
    await bundle.close();
    const bundled = useOfInstalled(elsewhere.path, join(elsewhere.path, 'main.mjs'));
    expect(await bundled.command('--version')).toBe(`${manifest.version}\n`);
    await bundled.write(
      'pikaci.config.json',
      '{ "host": "local", "targets": { "t": { "jobs": [{ "id": "a-job", "command": "true" }] } } }',
    );
    expect(await bundled.command('target-info', 't')).toContain('a-job');
    await using server = await bundled.serving();
    for (const path of ['/', '/style.css', '/script/live.js'])
      expect([path, (await fetch(new URL(path, server.url))).status]).toEqual([path, 200]);
  });

  it('is had by `require` as well', async () => {
    await use.write(
      'required.cjs',
      "console.log(typeof require('pikaci').createPikaci, typeof require('pikaci/records').listRuns);",
    );
    expect(await use.script('required.cjs')).toBe('function function\n');
  });
});
