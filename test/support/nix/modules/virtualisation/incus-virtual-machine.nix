# The values of nixpkgs's module that could disagree with ours.
{ lib, ... }:
{
  documentation.enable = true;
  services.logrotate.enable = true;
  services.openssh.enable = lib.mkDefault true;
  virtualisation.incus.agent.enable = lib.mkDefault true;
  system.build.metadata.outPath = "/nix/store/stub-metadata";
  system.build.qemuImage.outPath = "/nix/store/stub-qemu-image";
}
