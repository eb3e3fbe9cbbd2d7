import { describe, expect, it } from 'vitest';
import { MemoryHost } from '../../../../../src/adapters/memory/memory-host.js';
import { remoteLinuxVmPrepareArtifact } from '../../../../../src/application/machine/microvm/prepare-artifact.js';
import { resolveRunner } from '../../../../../src/application/machine/microvm/resolve-runner.js';
import { stagedFlake } from '../../../../../src/application/machine/microvm/runner-flake.js';
import { must, mustFail } from '../../../../../src/testing/contract/expect-result.js';
import { sampleIncusContext, sampleMicrovmContext } from '../../../../support/sample-contexts.js';

const { signal } = new AbortController();
const context = sampleMicrovmContext();
const shape = {
  shares: [
    { tag: 'artifacts', readOnly: false },
    { tag: 'tools-0123456789a', readOnly: true },
  ],
  cpus: 2,
  memoryMib: 1024,
  diskMib: null,
};
const flake = { url: 'path:/srv/pikaci', binary: 'nix', flags: [], options: [], timeoutSecs: 60 };
const staged = stagedFlake(context.shared.remoteWorkDir, flake, shape);
const STORE = '/nix/store/abc-runner';

async function hostThatBuilds() {
  const host = new MemoryHost();
  const built: string[][] = [];
  host.shell.handle(({ command: { argv }, write }) => {
    if (argv[0] !== 'nix') return undefined;
    built.push([...argv]);
    write('stdout', JSON.stringify([{ drvPath: 'x', outputs: { out: STORE } }]));
    return 0;
  });
  const parts = { shell: host.shell, hostFiles: host.hostFiles, settings: { runner: null, flake } };
  must(await host.hostFiles.makeDirectory(`${STORE}/bin`));
  must(await host.hostFiles.writeFile(`${STORE}/bin/microvm-run`, Buffer.from('#!/bin/sh\n')));
  return { host, built, parts };
}

describe('what has to be realized before a machine is launched', () => {
  it('is the installable of the declared runner for a microVM, and nothing for Incus', () => {
    expect(remoteLinuxVmPrepareArtifact(context, { runner: null, flake }, shape)).toBe(staged.installable);
    expect(remoteLinuxVmPrepareArtifact(sampleIncusContext(), { runner: null, flake }, shape)).toBeNull();
    expect(remoteLinuxVmPrepareArtifact(context, { runner: '/opt/runner', flake }, shape)).toBeNull();
  });
});

describe('the runner', () => {
  it('is the configured directory, which must have its program', async () => {
    const { host, parts } = await hostThatBuilds();
    const at = (runner: string) =>
      resolveRunner({ ...parts, settings: { runner, flake: null } }, context, shape, signal);
    expect(must(await at(STORE))).toBe(STORE);
    expect(mustFail(await at('/nowhere'), 'runner_missing')).toMatchObject({ field: 'microvm.runner' });
    must(await host.hostFiles.makeDirectory('/odd/bin/microvm-run'));
    mustFail(await at('/odd'), 'runner_missing');
    const none = { runner: null, flake: null };
    mustFail(await resolveRunner({ ...parts, settings: none }, context, shape, signal), 'runner_missing');
  });

  it('is built once from a flake for its shape, and used again', async () => {
    const { host, built, parts } = await hostThatBuilds();
    expect(must(await resolveRunner(parts, context, shape, signal))).toBe(STORE);
    expect(must(await resolveRunner(parts, context, shape, signal))).toBe(STORE);
    expect(built).toEqual([
      ['nix', 'build', '--out-link', `${staged.directory}/runner`, '--json', staged.installable],
    ]);
    const text = must(await host.hostFiles.readFile(`${staged.directory}/flake.nix`));
    expect(Buffer.from(text).toString()).toBe(staged.text);
    const other = { ...shape, cpus: 3 };
    must(await resolveRunner(parts, context, other, signal));
    expect(built).toHaveLength(2);
  });

  it('is built again when it is no longer in the store', async () => {
    const { host, built, parts } = await hostThatBuilds();
    must(await resolveRunner(parts, context, shape, signal));
    must(await host.hostFiles.remove(STORE, { recursive: true }));
    must(await resolveRunner(parts, context, shape, signal));
    expect(built).toHaveLength(2);
  });

  it.each([
    ['of another hash', { content_hash: 'other' }],
    ['of another flake', { installable: 'path:/elsewhere#runner' }],
    ['with no store path', { store_path: 'relative' }],
  ])('is refused when what is kept of it is %s', async (_what, change) => {
    const { host, parts } = await hostThatBuilds();
    must(await resolveRunner(parts, context, shape, signal));
    const path = `${staged.directory}/pikaci-runner.json`;
    const metadata = JSON.parse(Buffer.from(must(await host.hostFiles.readFile(path))).toString());
    must(await host.hostFiles.writeFile(path, Buffer.from(JSON.stringify({ ...metadata, ...change }))));
    expect(mustFail(await resolveRunner(parts, context, shape, signal), 'runner_refused').message).toContain(
      `remove ${staged.directory}`,
    );
  });

  it('is refused when its flake is not the one that its directory is named after', async () => {
    const { host, parts } = await hostThatBuilds();
    must(await resolveRunner(parts, context, shape, signal));
    must(await host.hostFiles.writeFile(`${staged.directory}/flake.nix`, Buffer.from('{ }')));
    mustFail(await resolveRunner(parts, context, shape, signal), 'runner_refused');
  });
});
