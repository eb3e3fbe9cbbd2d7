import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from './repository-root.js';
import { temporaryDirectory } from './temporary-directory.js';

const run = promisify(execFile);

/** Nix's interpreter, without a store to write to: evaluation needs none, and the tests need no root. */
async function nixInstantiate(...args: string[]): Promise<string> {
  await using own = await temporaryDirectory();
  const env = {
    ...process.env,
    XDG_CACHE_HOME: own.path,
    NIX_STATE_DIR: join(own.path, 'state'),
    NIX_CONF_DIR: own.path,
  };
  const { stdout } = await run('nix-instantiate', ['--store', 'dummy://', ...args], { env, timeout: 30_000 });
  return stdout;
}

/** Rejects with Nix's own words when the file is not Nix. */
export async function parseNix(file: string): Promise<void> {
  await nixInstantiate('--parse', join(repositoryRoot, file));
}

/**
 * The value of an expression, in full, as JSON: what would be built is its path. In it `root` is the repository, and `pkgs`,
 * `nixpkgs` and `microvm` stand in for what the network would bring.
 */
export async function evaluateNix(expression: string): Promise<unknown> {
  const bindings = [
    `root = ${repositoryRoot};`,
    'pkgs = import (root + "/test/support/nix/stub-pkgs.nix");',
    'nixpkgs = import (root + "/test/support/nix/stub-nixpkgs.nix");',
    'microvm = import (root + "/test/support/nix/stub-microvm.nix");',
  ];
  const program = `let ${bindings.join(' ')} in ${expression}`;
  return JSON.parse(await nixInstantiate('--eval', '--strict', '--json', '-E', program));
}
