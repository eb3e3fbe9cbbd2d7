import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  GUEST_ARTIFACTS_DIR,
  GUEST_CARGO_HOME_DIR,
  GUEST_TARGET_DIR,
  GUEST_USER,
  GUEST_USER_ID,
  GUEST_WORKSPACE_DIR,
  guestHomeDir,
} from '../../../src/domain/machine/guest-paths.js';
import { evaluateNix } from '../../support/nix.js';
import { repositoryRoot } from '../../support/repository-root.js';

const machineSchema = z.object({
  environment: z.object({ systemPackages: z.array(z.string()) }),
  users: z.object({
    users: z.record(
      z.string(),
      z.object({ uid: z.number(), home: z.string(), group: z.string(), isNormalUser: z.boolean() }),
    ),
    groups: z.record(z.string(), z.object({ gid: z.number() })),
  }),
  systemd: z.object({ tmpfiles: z.object({ rules: z.array(z.string()) }) }),
  services: z.object({ openssh: z.object({ enable: z.boolean() }) }),
  networking: z.object({ useHostResolvConf: z.boolean().optional() }),
  boot: z.object({ isContainer: z.boolean() }).optional(),
  virtualisation: z.object({ incus: z.object({ agent: z.object({ enable: z.boolean() }) }) }).optional(),
});

const machine = async (file: string) =>
  machineSchema.parse(
    await evaluateNix(
      `(nixpkgs.lib.nixosSystem { system = "x86_64-linux"; modules = [ (root + "/${file}") ]; }).config`,
    ),
  );

describe.each(['container', 'virtual-machine'])('the Incus image as a %s', (variant) => {
  let image: z.infer<typeof machineSchema>;
  beforeAll(async () => {
    image = await machine(`nix/incus/${variant}.nix`);
  });

  it('has the supervisor, and what it calls, on the path of the system', () => {
    const names = image.environment.systemPackages.map((path) => path.replace('/nix/store/stub-', ''));
    expect(names[0]).toBe('pikaci-incus-run');
    expect(names).toEqual(
      expect.arrayContaining(['coreutils', 'findutils', 'gawk', 'gnugrep', 'gnutar', 'util-linux']),
    );
  });

  it('has every place that a job is mounted on or writes to', () => {
    const owners = new Map(
      image.systemd.tmpfiles.rules.map((rule) => {
        const [type, path = '', mode, owner] = rule.split(' ');
        return [path, `${type} ${mode} ${owner}`];
      }),
    );
    const own = [
      GUEST_WORKSPACE_DIR,
      GUEST_CARGO_HOME_DIR,
      GUEST_TARGET_DIR,
      guestHomeDir({ runAsRoot: false }),
    ];
    for (const path of own) expect([path, owners.get(path)]).toEqual([path, `d 0755 ${GUEST_USER}`]);
    expect(owners.get(GUEST_ARTIFACTS_DIR)).toBe('d 1777 root');
  });

  it('has the user of the jobs under the number that the snapshots belong to', () => {
    expect(image.users.users[GUEST_USER]).toEqual({
      uid: GUEST_USER_ID,
      home: guestHomeDir({ runAsRoot: false }),
      group: GUEST_USER,
      isNormalUser: true,
    });
    expect(image.users.groups[GUEST_USER]?.gid).toBe(GUEST_USER_ID);
  });

  it('lets nobody log in over the network', () => {
    expect(image.services.openssh.enable).toBe(false);
  });
});

describe('the Incus images', () => {
  it('differ in their kind: one is a container, the other has the agent that Incus speaks to', async () => {
    const [container, vm] = await Promise.all([
      machine('nix/incus/container.nix'),
      machine('nix/incus/virtual-machine.nix'),
    ]);
    expect(container.boot?.isContainer).toBe(true);
    expect(container.networking.useHostResolvConf).toBe(false);
    expect(vm.boot).toBeUndefined();
    expect(vm.virtualisation?.incus.agent.enable).toBe(true);
  });

  it('carry the supervisor of guest/, byte for byte', async () => {
    const { name, text } = z
      .object({ name: z.string(), text: z.string() })
      .parse(
        await evaluateNix(
          '{ inherit (import (root + "/nix/guest/pikaci-incus-run.nix") { inherit pkgs; }) name text; }',
        ),
      );
    expect(name).toBe('pikaci-incus-run');
    expect(text).toBe(await readFile(join(repositoryRoot, 'guest/pikaci-incus-run'), 'utf8'));
  });

  it('as a container have a shell from the first moment, which waits for the system', async () => {
    const { pseudoFiles, storeContents, file } = z
      .object({ pseudoFiles: z.array(z.string()), storeContents: z.array(z.string()), file: z.string() })
      .parse(
        await evaluateNix(
          '{ inherit ((nixpkgs.lib.nixosSystem { system = "x"; modules = [ (root + "/nix/incus/container.nix") ]; }).config.system.build.squashfs) pseudoFiles storeContents file; }',
        ),
      );
    expect(file).toMatch(/\/lib\/make-squashfs\.nix$/);
    expect(pseudoFiles).toContain('/bin/sh s 0555 0 0 /nix/store/stub-pikaci-first-shell');
    expect(pseudoFiles).toContain('/sbin/init s 0555 0 0 /nix/store/stub-toplevel/init');
    expect(storeContents).toEqual(['/nix/store/stub-toplevel', '/nix/store/stub-pikaci-first-shell']);
  });
});
