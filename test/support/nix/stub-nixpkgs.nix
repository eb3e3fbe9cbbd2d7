# The flake `nixpkgs`, as far as flake.nix uses it.
let
  lib = import ./stub-lib.nix;
  pkgs = import ./stub-pkgs.nix;
in
{
  legacyPackages.x86_64-linux = pkgs;
  legacyPackages.aarch64-linux = pkgs;
  lib = lib // {
    nixosSystem =
      { system, modules }:
      lib.evalModules {
        inherit modules;
        args = { inherit lib pkgs; modulesPath = toString ./modules; };
      };
  };
}
