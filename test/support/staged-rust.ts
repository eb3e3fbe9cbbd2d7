import { execFile } from 'node:child_process';
import { chmod, cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { evaluateNix } from './nix.js';
import { repositoryRoot } from './repository-root.js';

const run = promisify(execFile);

const stagesSchema = z.object({
  scripts: z.string(),
  source: z.string(),
  deps: z.object({
    buildCommand: z.string(),
    sourceNames: z.string(),
    passAsFile: z.array(z.string()),
    path: z.string(),
    nativeBuildInputs: z.array(z.string()),
  }),
  build: z.object({ buildCommand: z.string(), path: z.string() }),
  manifests: z.array(z.string()),
});
export type RustStages = z.infer<typeof stagesSchema>;

/** What `nix/ci/linux-rust.nix` would have Nix do for the workspace at `source`. */
export async function rustStages(source: string): Promise<RustStages> {
  return stagesSchema.parse(
    await evaluateNix(`
      let stages = import (root + "/nix/ci/linux-rust.nix") { src = ${source}; inherit pkgs; }; in {
        scripts = "\${root + "/nix/ci/linux-rust"}";
        source = "\${${source}}";
        deps = { inherit (stages.workspaceDeps) buildCommand sourceNames passAsFile nativeBuildInputs; path = stages.workspaceDeps.outPath; };
        build = { inherit (stages.workspaceBuild) buildCommand; path = stages.workspaceBuild.outPath; };
        manifests = stages.manifests.files;
      }`),
  );
}

/**
 * Does what Nix would do, in `directory`: runs both build commands, with paths of the store mapped to real ones, and a
 * stand-in for cargo. Returns the two output roots.
 */
export async function stageRust(stages: RustStages, source: string, directory: string) {
  const at = (name: string) => join(directory, name);
  await mkdir(at('bin'));
  await cp(join(repositoryRoot, 'test/support/nix/fake-cargo'), at('bin/cargo'));
  await chmod(at('bin/cargo'), 0o755);
  await mkdir(at('vendor/tiny'), { recursive: true });
  for (const manifest of stages.manifests) {
    await cp(manifest, at(`manifests${manifest.slice(source.length)}`));
  }
  await writeFile(at('names'), stages.deps.sourceNames);
  const map = new Map([
    [stages.scripts, join(repositoryRoot, 'nix/ci/linux-rust')],
    [stages.source, source],
    ['/nix/store/stub-workspace-manifests', at('manifests')],
    ['/nix/store/stub-vendor', at('vendor')],
    [stages.deps.path, at('workspace-deps')],
  ]);
  const said: string[] = [];
  for (const [command, out] of [
    [stages.deps.buildCommand, at('workspace-deps')],
    [stages.build.buildCommand, at('workspace-build')],
  ] as const) {
    const text = [...map].reduce((changed, [from, to]) => changed.replaceAll(from, to), command);
    const env = { PATH: `${at('bin')}:/usr/bin:/bin`, out, sourceNamesPath: at('names'), TMPDIR: directory };
    said.push((await run('sh', ['-euc', text], { cwd: directory, env, timeout: 60_000 })).stderr);
  }
  return { deps: at('workspace-deps'), build: at('workspace-build'), said };
}

export async function readJson(path: string): Promise<unknown> {
  return JSON.parse(await readFile(path, 'utf8'));
}
