{
  description = "pikaci's guest images, microVM runners and staged Rust outputs";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-25.05";
    microvm.url = "github:microvm-nix/microvm.nix";
    microvm.inputs.nixpkgs.follows = "nixpkgs";
  };

  outputs =
    { self, nixpkgs, microvm }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      forEachSystem =
        make: builtins.listToAttrs (map (system: { name = system; value = make system; }) systems);
      machine =
        system: module: nixpkgs.lib.nixosSystem { inherit system; modules = [ module ]; };
    in
    {
      nixosModules = {
        pikaci-guest = ./nix/guest/pikaci-guest.nix;
        pikaci-image = ./nix/incus/pikaci-image.nix;
        incus-container = ./nix/incus/container.nix;
        incus-virtual-machine = ./nix/incus/virtual-machine.nix;
        microvm-guest = ./nix/microvm/guest.nix;
      };

      # lib.linuxRust { pkgs = …; src = ./.; } and lib.microvmRunner { system = …; shares = [ { tag = …; readOnly = …; } ]; … }
      lib = {
        linuxRust = import ./nix/ci/linux-rust.nix;
        microvmRunner = shape: import ./nix/microvm/runner.nix ({ inherit nixpkgs microvm; } // shape);
      };

      packages = forEachSystem (
        system:
        let
          container = (machine system ./nix/incus/container.nix).config.system.build;
          virtualMachine = (machine system ./nix/incus/virtual-machine.nix).config.system.build;
        in
        {
          pikaci-incus-run = import ./nix/guest/pikaci-incus-run.nix { pkgs = nixpkgs.legacyPackages.${system}; };
          # The two files of an `incus image import`, for each kind of machine.
          incus-container-metadata = container.metadata;
          incus-container-rootfs = container.squashfs;
          incus-virtual-machine-metadata = virtualMachine.metadata;
          incus-virtual-machine-disk = virtualMachine.qemuImage;
          microvm-runner = self.lib.microvmRunner {
            inherit system;
            shares = [
              { tag = "control"; readOnly = true; }
              { tag = "artifacts"; readOnly = false; }
              { tag = "workspace-artifacts"; readOnly = false; }
            ];
          };
        }
      );

      # For one job shape: `nix flake init -t pikaci#microvm-runner`, then change shape.json.
      templates.microvm-runner = {
        path = ./nix/microvm/job-flake;
        description = "The microVM runner of one job shape";
      };
    };
}
