import { expect, it } from 'vitest';
import { z } from 'zod';
import { evaluateNix } from '../../support/nix.js';

const outputsSchema = z.object({
  inputs: z.array(z.string()),
  nixosModules: z.array(z.string()),
  lib: z.array(z.string()),
  packages: z.record(z.string(), z.record(z.string(), z.string().startsWith('/nix/store/'))),
});

it('the flake offers the images, the runner and the staged outputs for both architectures', async () => {
  const flake = outputsSchema.parse(
    await evaluateNix(`
      let
        flake = import (root + "/flake.nix");
        self = flake.outputs { inherit self nixpkgs microvm; };
      in {
        inputs = builtins.attrNames flake.inputs;
        nixosModules = builtins.filter (name: builtins.pathExists self.nixosModules.\${name}) (builtins.attrNames self.nixosModules);
        lib = builtins.attrNames self.lib;
        inherit (self) packages;
      }`),
  );
  expect(flake.inputs).toEqual(['microvm', 'nixpkgs']);
  expect(flake.nixosModules).toEqual([
    'incus-container',
    'incus-virtual-machine',
    'microvm-guest',
    'pikaci-guest',
    'pikaci-image',
  ]);
  expect(flake.lib).toEqual(['linuxRust', 'microvmRunner']);
  expect(Object.keys(flake.packages).sort()).toEqual(['aarch64-linux', 'x86_64-linux']);
  for (const packages of Object.values(flake.packages)) {
    expect(Object.keys(packages).sort()).toEqual([
      'incus-container-metadata',
      'incus-container-rootfs',
      'incus-virtual-machine-disk',
      'incus-virtual-machine-metadata',
      'microvm-runner',
      'pikaci-incus-run',
    ]);
  }
});
