import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { repositoryRoot } from './repository-root.js';

const BOUND_MS = 50_000;
/** It reads the types of Node and of zod as well. */
export const COMPILER_BOUND_MS = 150_000;
/** Prints the address of every module that is resolved after it. */
const RESOLVE_HOOK = `
  import { writeSync } from 'node:fs';
  export async function resolve(specifier, context, next) {
    const resolved = await next(specifier, context);
    writeSync(2, 'loaded ' + resolved.url + '\\n');
    return resolved;
  }
`;
/** A project as strict as can be, that has no types but those of what it imports. */
const COMPILER = {
  target: 'es2023',
  lib: ['es2023'],
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  types: [],
};

/** What somebody does with the package in the folder where it is installed. */
export function useOfInstalled(path: string, bin = join(path, 'node_modules/pikaci/dist/bin.js')) {
  const node = (...args: readonly string[]) =>
    promisify(execFile)(process.execPath, args, { cwd: path, timeout: BOUND_MS });
  const write = async (name: string, text: string) => {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  };
  return {
    bin,
    write,
    /** Standard output of the command line. */
    command: async (...args: readonly string[]) => (await node(bin, ...args)).stdout,
    /** Standard output of a file that was written. */
    script: async (name: string) => (await node(name)).stdout,
    /** Standard output of a module; fails when it does not end by itself. */
    program: async (text: string) => (await node('--input-type=module', '--eval', text)).stdout,
    /** The names of the values that each entry exports. */
    async namesOf(entries: readonly string[]) {
      await write(
        'names.mjs',
        `const names = {};
         for (const entry of ${JSON.stringify(entries)}) names[entry] = Object.keys(await import(entry));
         console.log(JSON.stringify(names));`,
      );
      const { stdout } = await node('names.mjs');
      return z.record(z.string(), z.array(z.string())).parse(JSON.parse(stdout));
    },
    /** The addresses of the modules that importing `entry` loads, with these arguments of the process. */
    async loadedBy(entry: string, argv: readonly string[] = []): Promise<string[]> {
      const hook = `data:text/javascript,${encodeURIComponent(RESOLVE_HOOK)}`;
      await write(
        'loaded.mjs',
        `import { register } from 'node:module';
         register(${JSON.stringify(hook)});
         await import(${JSON.stringify(entry)});`,
      );
      const { stderr } = await node('loaded.mjs', ...argv);
      return [...stderr.matchAll(/^loaded (.*)$/gm)].map(([, url = '']) => url);
    },
    /** What the compiler has to say about a module, the package's types included. */
    async compilerOutput(text: string, how: object): Promise<string> {
      await write('package.json', '{ "type": "module" }\n');
      await write('consumer.ts', text);
      await write(
        'tsconfig.json',
        JSON.stringify({ compilerOptions: { ...COMPILER, ...how }, files: ['consumer.ts'] }),
      );
      const compiler = join(repositoryRoot, 'node_modules/typescript/bin/tsc');
      try {
        const options = { cwd: path, timeout: COMPILER_BOUND_MS };
        return (await promisify(execFile)(process.execPath, [compiler, '-p', path], options)).stdout;
      } catch (error) {
        const { code, stdout } = z.object({ code: z.number(), stdout: z.string() }).parse(error);
        return `${stdout}status ${code}`;
      }
    },
    /** The web server on a port of its own, until disposed of. */
    async serving(): Promise<{ readonly url: string } & AsyncDisposable> {
      const child = spawn(process.execPath, [bin, 'serve', '--port', '0'], { cwd: path, timeout: BOUND_MS });
      const closed = once(child, 'close');
      let said = '';
      const url = await new Promise<string>((resolve, reject) => {
        const hear = (data: Buffer) => {
          said += data.toString();
          const [found] = /http:\/\/\S+/.exec(said) ?? [];
          if (found !== undefined) resolve(found);
        };
        child.stdout.on('data', hear);
        child.stderr.on('data', hear);
        child.once('close', () => reject(new Error(said)));
      });
      return {
        url,
        async [Symbol.asyncDispose]() {
          child.kill('SIGTERM');
          await closed;
        },
      };
    },
  };
}
