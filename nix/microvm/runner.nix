# The runner directory for one job shape: `bin/microvm-run` and `bin/virtiofsd-run`, as the runtime link wants it. Sources of
# shares are relative to the directory in which the runner is started, so that jobs of one shape share a runner.
{
  nixpkgs,
  microvm,
  system,
  # { memMiB, vcpus, mounts = [ { tag, guestPath, readOnly } ]; }
  shape,
}:
let
  machine = nixpkgs.lib.nixosSystem {
    inherit system;
    modules = [
      microvm.nixosModules.microvm
      ./guest.nix
      {
        networking.hostName = "pikaci-job";
        microvm.mem = shape.memMiB;
        microvm.vcpu = shape.vcpus;
        pikaci.microvm.shares = map (mount: {
          inherit (mount) tag readOnly;
          source = "shares/${mount.tag}";
          mountPoint = mount.guestPath;
        }) (fixed ++ shape.mounts);
      }
    ];
  };
  # What every job has; the declared mounts come on top.
  fixed = [
    { tag = "artifacts"; guestPath = "/artifacts"; readOnly = false; }
    { tag = "control"; guestPath = "/run/pikaci-control"; readOnly = true; }
    { tag = "snapshot"; guestPath = "/workspace/snapshot"; readOnly = true; }
  ];
in
machine.config.microvm.declaredRunner
