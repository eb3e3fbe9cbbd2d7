# pikaci's image as an Incus virtual machine, with the agent that Incus's exec speaks to. `config.system.build.metadata` and
# `.qemuImage` are the two files of an import.
{ modulesPath, ... }:
{
  imports = [
    "${modulesPath}/virtualisation/incus-virtual-machine.nix"
    ./pikaci-image.nix
  ];

  virtualisation.incus.agent.enable = true;
}
