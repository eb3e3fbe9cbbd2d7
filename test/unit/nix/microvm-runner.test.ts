import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { nixString, stagedFlake } from '../../../src/application/machine/microvm/runner-flake.js';
import { evaluateNix } from '../../support/nix.js';
import { temporaryDirectory } from '../../support/temporary-directory.js';

const shape = `{ system = "x86_64-linux"; memoryMiB = 512; cpus = 2; diskMiB = 4096; shares = [
  { tag = "control"; readOnly = true; }
  { tag = "workspace-1a2b3c4d5e"; readOnly = true; }
  { tag = "artifacts"; readOnly = false; }
]; }`;
const made = (of: string) =>
  `(import (root + "/nix/microvm/runner.nix") ({ inherit nixpkgs microvm; } // ${of}))`;

const machineSchema = z.object({
  mem: z.number(),
  vcpu: z.number(),
  preStart: z.string(),
  binScripts: z.object({ 'virtiofsd-run': z.string() }),
  volumes: z.array(z.looseObject({ image: z.string() })),
  shares: z.array(
    z.object({
      tag: z.string(),
      source: z.string(),
      socket: z.string(),
      mountPoint: z.string(),
      readOnly: z.boolean(),
      proto: z.string(),
    }),
  ),
});
const machine = async () => machineSchema.parse(await evaluateNix(`${made(shape)}.machine`));

describe('the microVM runner', () => {
  it("has a machine of the job's size, with a new scratch disk below its root", async () => {
    const { mem, vcpu, volumes, preStart } = await machine();
    expect({ mem, vcpu }).toEqual({ mem: 512, vcpu: 2 });
    expect(volumes).toEqual([
      { image: 'scratch.img', mountPoint: '/', size: 4096, autoCreate: true, fsType: 'ext4' },
    ]);
    expect(preStart).toBe('rm -f scratch.img');
  });

  it('attaches shares/<tag> by <tag>.sock, both beside the runner, with a place for each that may be missing', async () => {
    const { shares } = await machine();
    expect(
      shares.map(({ tag, source, socket, mountPoint, readOnly }) => [
        tag,
        source,
        socket,
        mountPoint,
        readOnly,
      ]),
    ).toEqual([
      ['control', 'shares/control', 'control.sock', '/run/pikaci/control', true],
      [
        'workspace-1a2b3c4d5e',
        'shares/workspace-1a2b3c4d5e',
        'workspace-1a2b3c4d5e.sock',
        '/run/pikaci/shares/workspace-1a2b3c4d5e',
        true,
      ],
      ['artifacts', 'shares/artifacts', 'artifacts.sock', '/run/pikaci/shares/artifacts', false],
    ]);
    expect(shares.every(({ proto }) => proto === 'virtiofs')).toBe(true);
    const places = await evaluateNix(`${made(shape)}.fileSystems`);
    expect(places).toEqual(
      Object.fromEntries(shares.map(({ mountPoint }) => [mountPoint, { options: ['nofail'] }])),
    );
  });

  it("serves the shares with the host's own script, and the tools that it needs", async () => {
    const { binScripts } = await machine();
    expect(binScripts['virtiofsd-run']).toMatch(
      /^export PATH=\S*stub-virtiofsd\/bin\nexec bash \/\S*virtiofsd-run\n$/,
    );
  });

  it('powers its machine off when the script has ended, however it ended', async () => {
    const service = await evaluateNix(
      `let service = ${made(shape)}.systemd.services.pikaci-job; in { inherit (service) unitConfig; inherit (service.serviceConfig) Type StandardInput TTYPath TimeoutStartSec; }`,
    );
    expect(service).toEqual({
      unitConfig: { SuccessAction: 'poweroff-force', FailureAction: 'poweroff-force' },
      Type: 'oneshot',
      StandardInput: 'null',
      TTYPath: '/dev/console',
      TimeoutStartSec: 'infinity',
    });
  });

  it.each([
    ['no control share', '{ system = "x86_64-linux"; shares = [ ]; }', 'no share with the tag control'],
    ['a tag of no share', shape.replace('"artifacts"', '"a,b"'), 'a share has a tag of 1 to 20'],
    ['two of one tag', shape.replace('"artifacts"', '"control"'), 'two shares have one tag'],
    ['no processor', shape.replace('cpus = 2', 'cpus = 0'), 'cpus is not a whole number from 1 to 64'],
    ['words for memory', shape.replace('512', '"1GiB"'), 'memoryMiB is not a whole number'],
    ['a key of its own', shape.replace('cpus', 'cores'), 'cores'],
  ])('refuses a shape with %s', async (_, refused, message) => {
    await expect(evaluateNix(`${made(refused)}.machine`)).rejects.toThrow(message);
  });
});

describe("the script of the machine's one service", () => {
  const said = async (prepare: (control: string) => Promise<unknown>): Promise<string> => {
    await using own = await temporaryDirectory();
    const control = join(own.path, 'run/control');
    await mkdir(join(own.path, 'bin'));
    await prepare(control);
    const text = z
      .string()
      .parse(await evaluateNix(`${made(shape)}.systemd.services.pikaci-job.serviceConfig.ExecStart.script`))
      .replaceAll('/run/pikaci', join(own.path, 'run'))
      .replaceAll('/var/lib/pikaci-scratch', join(own.path, 'scratch'));
    await writeFile(join(own.path, 'bin/mount'), '#!/bin/sh\n', { mode: 0o755 });
    await writeFile(join(own.path, 'bin/mountpoint'), '#!/bin/sh\ntest -d "$2"\n', { mode: 0o755 });
    const env = { PATH: `${join(own.path, 'bin')}:/usr/bin:/bin` };
    return (await promisify(execFile)('bash', ['-c', text], { env, timeout: 10_000 })).stdout;
  };

  it('runs what is in the control share, and is well whatever that ends with', async () => {
    const text = 'readlink /proc/self/fd/0; echo ran; exit 3\n';
    expect(
      await said(async (control) => {
        await mkdir(control, { recursive: true });
        await writeFile(join(control, 'pikaci-microvm-guest'), text);
      }),
    ).toBe('/dev/null\nran\n');
  });

  it('says so when there is no share, or nothing in it', async () => {
    const none = 'there is no job to run\n';
    expect(await said(async () => undefined)).toBe(`pikaci-microvm: the share "control" is missing: ${none}`);
    expect(await said((control) => mkdir(control, { recursive: true }))).toBe(
      `pikaci-microvm: the share "control" has no file pikaci-microvm-guest: ${none}`,
    );
  });
});

it('the flake that pikaci writes for a job gives the runner of its shape', async () => {
  const shares = ['control', 'artifacts', 'tools-0123456789a'].map((tag) => ({
    tag,
    readOnly: tag !== 'artifacts',
  }));
  const sizes = { cpus: 2, memoryMib: 768, diskMib: null };
  const { text } = stagedFlake('/var/tmp/pikaci', { url: 'path:/srv/pikaci' }, { shares, ...sizes });
  const machine = await evaluateNix(`
    let
      pikaci.lib = { microvmRunner = shape: import (root + "/nix/microvm/runner.nix") ({ inherit nixpkgs microvm; } // shape); };
      made = ((${text}).outputs { inherit pikaci; self = null; }).packages.x86_64-linux.runner.machine;
    in { inherit (made) vcpu mem; tags = map (share: share.tag) made.shares; }`);
  expect(machine).toEqual({ vcpu: 2, mem: 768, tags: ['control', 'artifacts', 'tools-0123456789a'] });
});

it('a URL of any kind is one string of that flake', async () => {
  const odd = 'path:/a"b${x}\\c';
  expect(await evaluateNix(nixString(odd))).toBe(odd);
});
