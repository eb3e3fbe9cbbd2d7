# The values of nixpkgs's module that could disagree with ours.
{ lib, ... }:
{
  boot.isContainer = true;
  documentation.enable = true;
  networking.useHostResolvConf = lib.mkDefault true;
  services.logrotate.enable = true;
  services.openssh.enable = lib.mkDefault true;
  system.build.metadata.outPath = "/nix/store/stub-metadata";
  system.build.squashfs.outPath = "/nix/store/stub-squashfs";
  system.build.toplevel.outPath = "/nix/store/stub-toplevel";
}
