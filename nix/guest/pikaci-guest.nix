# What every NixOS guest of pikaci has, container, virtual machine or microVM: the supervisor on the system's path, the user
# of the jobs, and the places that jobs are mounted on. The paths are those of src/domain/machine/guest-paths.ts.
{ lib, pkgs, ... }:
let
  user = "pikaci";
  # Owned by the job's user; /artifacts is root's, and anybody may add to it (guest/README.md, "Files").
  ownDirectories = [
    "/workspace"
    "/workspace/snapshot"
    "/cargo-home"
    "/cargo-target"
    "/home/pikaci"
  ];
in
{
  # At /run/current-system/sw/bin/pikaci-incus-run; the rest is what it calls.
  environment.systemPackages = [
    (import ./pikaci-incus-run.nix { inherit pkgs; })
    pkgs.coreutils
    pkgs.findutils
    pkgs.gawk
    pkgs.gnugrep
    pkgs.gnutar
    pkgs.util-linux
  ];

  users.users.${user} = {
    isNormalUser = true;
    uid = 1000;
    group = user;
    home = "/home/pikaci";
    createHome = true;
  };
  users.groups.${user}.gid = 1000;

  systemd.tmpfiles.rules = map (directory: "d ${directory} 0755 ${user} ${user} -") ownDirectories ++ [
    "d /artifacts 1777 root root -"
  ];

  # A throw-away machine: nothing that a job would wait for, and nothing that nobody reads.
  documentation.enable = lib.mkDefault false;
  services.logrotate.enable = lib.mkDefault false;
  networking.firewall.enable = lib.mkDefault false;
  system.stateVersion = lib.mkDefault "24.05";
}
