# The flake `microvm`: the declared runner shows what it would be made of.
{
  nixosModules.microvm = { config, ... }: {
    microvm.declaredRunner = {
      outPath = "/nix/store/stub-microvm-qemu";
      machine = builtins.removeAttrs config.microvm [ "declaredRunner" ];
      inherit (config) systemd fileSystems;
    };
  };
}
