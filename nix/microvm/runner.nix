# The runner directory for one job shape: `bin/microvm-run` and `bin/virtiofsd-run`, as the runtime link wants it. What is not named here,
# or has a value that no machine has, is refused.
{
  nixpkgs,
  microvm,
  system,
  # [ { tag, readOnly } ]; every job has `control`.
  shares,
  memoryMiB ? 1024,
  cpus ? 1,
  diskMiB ? 8192,
}:
let
  wholeNumber =
    name: value: least: most:
    if builtins.isInt value && least <= value && value <= most then
      value
    else
      throw "${name} is not a whole number from ${toString least} to ${toString most}: ${builtins.toJSON value}";
  checked =
    { tag, readOnly }:
    if builtins.isString tag && builtins.match "[a-z0-9][a-z0-9-]{0,19}" tag != null && builtins.isBool readOnly then
      { inherit tag readOnly; }
    else
      throw "a share has a tag of 1 to 20 of a-z, 0-9 and dashes, and says whether it is readOnly: ${builtins.toJSON tag}";
  tags = map (share: (checked share).tag) shares;
  wanted =
    if !builtins.elem "control" tags then
      throw "there is no share with the tag control"
    else if builtins.length (builtins.attrNames (nixpkgs.lib.genAttrs tags (tag: tag))) != builtins.length tags then
      throw "two shares have one tag"
    else
      map checked shares;

  machine = nixpkgs.lib.nixosSystem {
    inherit system;
    modules = [
      microvm.nixosModules.microvm
      ./guest.nix
      {
        networking.hostName = "pikaci-job";
        microvm.mem = wholeNumber "memoryMiB" memoryMiB 256 1048576;
        microvm.vcpu = wholeNumber "cpus" cpus 1 64;
        pikaci.microvm.diskMiB = wholeNumber "diskMiB" diskMiB 64 4194304;
        pikaci.microvm.shares = wanted;
      }
    ];
  };
in
machine.config.microvm.declaredRunner
