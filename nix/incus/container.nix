# pikaci's image as an Incus container. `config.system.build.metadata` and `.squashfs` are the two files of an import.
{ config, lib, modulesPath, pkgs, ... }:
let
  toplevel = config.system.build.toplevel;
  # pikaci's first exec comes milliseconds after the start, when NixOS has not set itself up yet and there is no /bin/sh. This one is
  # there from the first moment; it waits for the system, which then puts the usual shell in its place.
  firstShell = pkgs.writeShellScript "pikaci-first-shell" ''
    for _ in {1..600}; do
      [ -x /run/current-system/sw/bin/pikaci-incus-run ] && break
      ${pkgs.coreutils}/bin/sleep 0.05
    done
    exec ${pkgs.bash}/bin/sh "$@"
  '';
in
{
  imports = [
    "${modulesPath}/virtualisation/lxc-container.nix"
    ./pikaci-image.nix
  ];

  # systemd-resolved is in charge; the container module would take the host's file.
  networking.useHostResolvConf = false;

  # As nixpkgs makes it, with the shell above.
  system.build.squashfs = lib.mkForce (
    pkgs.callPackage "${modulesPath}/../lib/make-squashfs.nix" {
      fileName = "pikaci-image";
      noStrip = true;
      comp = "zstd -Xcompression-level 6";
      storeContents = [ toplevel firstShell ];
      pseudoFiles = [
        "/sbin d 0755 0 0"
        "/sbin/init s 0555 0 0 ${toplevel}/init"
        "/bin d 0755 0 0"
        "/bin/sh s 0555 0 0 ${firstShell}"
        "/dev d 0755 0 0"
        "/proc d 0555 0 0"
        "/sys d 0555 0 0"
      ];
    }
  );
}
