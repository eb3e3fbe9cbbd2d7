# pikaci's image as an Incus container. `config.system.build.metadata` and `.squashfs` are the two files of an import.
{ modulesPath, ... }:
{
  imports = [
    "${modulesPath}/virtualisation/lxc-container.nix"
    ./pikaci-image.nix
  ];
}
