import { execFile } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { planDeclaredMounts } from '../../../src/domain/mounts/mount-plan.js';
import { PAYLOAD_MANIFEST_PATH, payloadManifestSchema } from '../../../src/domain/mounts/payload-manifest.js';
import { validatePayloadMounts } from '../../../src/domain/mounts/payload-mount-rules.js';
import { repositoryRoot } from '../../support/repository-root.js';
import { type RustStages, readJson, rustStages, stageRust } from '../../support/staged-rust.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const run = promisify(execFile);
const workspace = join(repositoryRoot, 'test/fixtures/rust-workspace');
const script = (name: string) => join(repositoryRoot, 'nix/ci/linux-rust', name);

describe('a Rust workspace staged by nix/ci/linux-rust.nix', () => {
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  let stages: RustStages;
  let staged: Awaited<ReturnType<typeof stageRust>>;
  beforeAll(async () => {
    directory = await temporaryDirectory();
    stages = await rustStages(workspace);
    staged = await stageRust(stages, workspace, directory.path);
  });
  afterAll(() => directory[Symbol.asyncDispose]());

  const manifest = async (root: string) =>
    payloadManifestSchema.parse(await readJson(join(root, PAYLOAD_MANIFEST_PATH)));

  it('gives two outputs whose payload manifests pikaci accepts', async () => {
    const deps = await manifest(staged.deps);
    const build = await manifest(staged.build);
    expect(deps).toEqual({
      schema_version: 1,
      kind: 'staged_linux_workspace_deps_v1',
      entrypoints: [{ name: 'use-deps', relative_path: 'bin/use-deps' }],
      asset_roots: [],
      mounts: [
        {
          name: 'workspace_deps_root',
          relative_path: '.',
          guest_path: '/staged/linux-rust/workspace-deps',
          read_only: true,
        },
      ],
    });
    expect(build.kind).toBe('staged_linux_workspace_build_v1');
    expect(build.entrypoints).toEqual([{ name: 'run-tests', relative_path: 'bin/run-tests' }]);
    for (const [root, { mounts }] of [
      [staged.deps, deps],
      [staged.build, build],
    ] as const) {
      expect(validatePayloadMounts(root, mounts)._unsafeUnwrap()).toMatchObject([
        { sourcePath: root, readOnly: true },
      ]);
    }
  });

  it('can be mounted together, as the devices that a job of theirs has always had', async () => {
    const outputs = [
      {
        devicePrefix: 'workspace-deps',
        outputRoot: staged.deps,
        mounts: (await manifest(staged.deps)).mounts,
      },
      {
        devicePrefix: 'workspace-build',
        outputRoot: staged.build,
        mounts: (await manifest(staged.build)).mounts,
      },
    ];
    const planned = planDeclaredMounts(outputs)._unsafeUnwrap();
    expect(planned.map(({ deviceName, guestPath }) => [deviceName, guestPath])).toEqual([
      ['workspac-5463a01c62e', '/staged/linux-rust/workspace-deps'],
      ['workspac-0edb3527171', '/staged/linux-rust/workspace-build'],
    ]);
  });

  it('rebuilds its dependencies for a manifest, the lock file or cargo settings, and for nothing else', () => {
    const relative = stages.manifests.map((path) => path.slice(workspace.length + 1));
    expect(relative.sort()).toEqual(['.cargo/config.toml', 'Cargo.lock', 'Cargo.toml', 'demo/Cargo.toml']);
    expect(stages.deps.sourceNames.split('\n').sort()).toEqual(['demo/src/lib.rs', 'demo/tests/outside.rs']);
    expect(stages.deps.passAsFile).toEqual(['sourceNames']);
  });

  it('compiles each dependency once', () => {
    expect(staged.said.map((text) => text.match(/Compiling tiny/g)?.length ?? 0)).toEqual([1, 0]);
  });

  it('has an entry point that runs each test program in the directory of its package', async () => {
    const { stdout } = await run(join(staged.build, 'bin/run-tests'), { cwd: workspace });
    expect(stdout).toBe('lib in demo\noutside in demo\n');
  });

  it('has an entry point that puts the dependencies where cargo looks for them in the job', async () => {
    await using job = await temporaryDirectory();
    const env = {
      ...process.env,
      CARGO_HOME: join(job.path, 'home'),
      CARGO_TARGET_DIR: join(job.path, 'target'),
    };
    await run(join(staged.deps, 'bin/use-deps'), { env });
    const { stdout } = await run(
      'find',
      ['.', '-type', 'f', '-name', '*tiny*', '-o', '-name', 'config.toml'],
      {
        cwd: job.path,
      },
    );
    expect(stdout.trim().split('\n').sort()).toEqual([
      './home/config.toml',
      './target/debug/deps/libtiny.rlib',
    ]);
  });

  it('fails the job when one test program fails, having run the others', async () => {
    await using changed = await temporaryDirectory();
    const source = join(changed.path, 'source');
    await cp(workspace, source, { recursive: true });
    await writeFile(join(source, 'demo/src/lib.rs'), '// FAIL\n');
    const failing = await stageRust(await rustStages(source), source, changed.path);
    const failed = await run(join(failing.build, 'bin/run-tests'), { cwd: source }).catch((error) => error);
    expect(failed).toMatchObject({ code: 1, stdout: 'lib in demo\noutside in demo\n' });
  });
});

describe('the scripts of the staged Rust outputs', () => {
  it('write no manifest with a word that JSON would need to quote, or for an entry point that is not there', async () => {
    await using output = await temporaryDirectory();
    const write = (...args: string[]) =>
      run('sh', [script('write-manifest'), output.path, ...args]).catch((error) => error);
    expect(await write('k', 'm', '/x" , "y')).toMatchObject({ code: 64 });
    expect(await write('k', 'm', '/x', 'run=bin/run')).toMatchObject({ code: 65 });
  });

  it('refuse a source name that leaves the skeleton', async () => {
    await using directory = await temporaryDirectory();
    await writeFile(join(directory.path, 'names'), 'src/lib.rs\n../escape.rs\n');
    const made = await run('sh', [
      script('make-skeleton'),
      workspace,
      join(directory.path, 'names'),
      join(directory.path, 'skeleton'),
    ]).catch((error) => error);
    expect(made).toMatchObject({ code: 65 });
    expect(made.stderr).toContain('../escape.rs');
  });
});
