// Bundles src/ into the directory that the first argument names: one file for each entry, and what they share. Dependencies stay
// outside. What the code reads from files in the sources is text in it: it looks for no file beside itself.
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';
import { rollup } from 'rollup';
import { dts } from 'rollup-plugin-dts';

/** What `exports` in package.json points at, and so has types. */
const LIBRARY = {
  index: 'src/index.ts',
  records: 'src/records.ts',
  schemas: 'src/schemas.ts',
  testing: 'src/testing/index.ts',
};
/** One that is run, and stands in `exports` for its path. */
const PROGRAMS = { bin: 'src/composition/bin.ts', 'github-hooks': 'src/composition/github-hooks.ts' };
/** What the code reads from files in the sources, and has as text in the build: somebody's bundler takes no such files along. */
const SHIPPED = ['guest/pikaci-incus-run', 'microvm/pikaci-microvm-host', 'microvm/pikaci-microvm-guest'];
const WORKER = 'src/adapters/node/tree-hash-worker.js';
/**
 * What several entries use is a few files, not one for each set of entries. Each entry loads what it needs of them: the schemas and the fakes the domain, with what the bundler adds for syntax that Node does not have. The command
 * line and the web server are loaded apart, when they are asked for.
 */
const SHARED = [
  { name: 'tree-hash', test: /\/src\/adapters\/node\/[^/]*\.js$/, priority: 3 },
  { name: 'domain', test: /\/src\/((domain|ports|streams)\/|schemas\.ts$)|oxc-project/, priority: 2 },
  { name: 'library', test: /\/src\/((?!adapters\/(cli|http)\/)[a-z]+\/|records\.ts$)/, priority: 1 },
].map((group) => ({ ...group, minShareCount: 2 }));

/** Runs in browsers as it is; the server has its text. */
const BROWSER_SCRIPTS = 'src/adapters/http/script';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..');
const [directory] = process.argv.slice(2);
if (directory === undefined) {
  console.error('usage: node scripts/bundle.mjs <directory>');
  process.exit(2);
}
const out = resolve(directory);
const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'));
const dependencies = Object.keys(manifest.dependencies);
const external = (id) =>
  id.startsWith('node:') || dependencies.some((name) => id === name || id.startsWith(`${name}/`));

await Promise.all([bundleCode(), bundleTypes()]);
await writeConfigSchema();

async function bundleCode() {
  const common = {
    cwd: repository,
    platform: 'node',
    external,
    tsconfig: 'tsconfig.build.json',
    // The oldest Node that package.json allows.
    transform: { target: `node${manifest.engines.node.replace('>=', '')}` },
    onLog: refuse,
  };
  const plugins = [asText(await moduleTexts(common))];
  const bundle = await rolldown({ ...common, plugins, input: { ...LIBRARY, ...PROGRAMS } });
  await bundle.write({
    dir: out,
    format: 'esm',
    sourcemap: true,
    entryFileNames: '[name].js',
    chunkFileNames: '[name]-[hash].js',
    codeSplitting: { groups: SHARED },
  });
  await bundle.close();
}

/** By the end of a module's path: the module that stands in its place. */
async function moduleTexts(common) {
  const worker = await rolldown({ ...common, input: WORKER });
  const { output } = await worker.generate({ format: 'cjs' });
  await worker.close();
  const texts = {};
  for (const path of SHIPPED) texts[path] = await readFile(join(repository, path), 'utf8');
  const scripts = {};
  for (const name of await readdir(join(repository, BROWSER_SCRIPTS)))
    scripts[name] = await readFile(join(repository, BROWSER_SCRIPTS, name), 'utf8');
  return {
    '/src/composition/shipped-text.ts': `const TEXTS = ${JSON.stringify(texts)};
export function shippedText(path) { return TEXTS[path]; }`,
    '/src/adapters/http/routes/browser-script.ts': `const SCRIPTS = ${JSON.stringify(scripts)};
export async function browserScript(name) { return SCRIPTS[name]; }`,
    '/src/adapters/cli/process/version.ts': `export function packageVersion() { return ${JSON.stringify(manifest.version)}; }`,
    '/src/adapters/node/tree-hash-script.ts': `const SOURCE = ${JSON.stringify(output[0].code)};
export function treeHashScript() { return { source: SOURCE, isText: true }; }`,
  };
}

function asText(modules) {
  return {
    name: 'as-text',
    load(id) {
      const found = Object.keys(modules).find((end) => id.endsWith(end));
      return found === undefined ? null : { code: modules[found], moduleType: 'js' };
    },
  };
}

async function bundleTypes() {
  const bundle = await rollup({
    input: Object.fromEntries(
      Object.entries(LIBRARY).map(([name, source]) => [name, join(repository, source)]),
    ),
    external,
    plugins: [dts({ tsconfig: join(repository, 'tsconfig.build.json') })],
    onLog: refuse,
  });
  await bundle.write({
    dir: out,
    format: 'es',
    entryFileNames: '[name].d.ts',
    chunkFileNames: '[name]-[hash].d.ts',
    // They name types of Node, which the package depends on: who uses it need not have them, nor name them in `types`.
    banner: '/// <reference types="node" />',
  });
  await bundle.close();
  // It exports nothing, of which the bundler would make no file.
  await writeFile(join(out, 'github-hooks.d.ts'), 'export {};\n');
}

/** For editors, as `pikaci/config.schema.json`. */
async function writeConfigSchema() {
  const { configJsonSchema } = await import(pathToFileURL(join(out, 'schemas.js')).href);
  await writeFile(join(out, 'config.schema.json'), `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
}

/** A warning ends the build: what a bundler is not sure of has not been bundled. */
function refuse(level, { message }) {
  if (level === 'warn') throw new Error(message);
}
