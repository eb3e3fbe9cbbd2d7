# The guest image for Incus, what both variants share. Import `container.nix` or `virtual-machine.nix`, which add nixpkgs's own
# module for the kind of machine. The supervisor is at /run/current-system/sw/bin/pikaci-incus-run.
{ lib, ... }:
{
  imports = [ ../guest/pikaci-guest.nix ];

  # Incus hands out the addresses. A job does not wait for them unless it says so.
  networking.useDHCP = lib.mkDefault false;
  networking.useNetworkd = lib.mkDefault true;
  systemd.network.wait-online.enable = lib.mkDefault false;
  systemd.network.networks."50-incus" = {
    matchConfig.Type = "ether";
    networkConfig.DHCP = "ipv4";
  };

  # Nobody logs in: the daemon's exec is the only way in. Plain, because nixpkgs's container module has a default of its own.
  services.openssh.enable = false;
}
