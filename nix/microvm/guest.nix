# The guest of the microVM runner, on top of microvm.nix. Its one service gives the request to the supervisor and powers the
# machine off when the job has ended; the host reads the log and the result from the artifacts share meanwhile.
{ config, lib, pkgs, ... }:
let
  cfg = config.pikaci.microvm;
  supervisor = import ../guest/pikaci-incus-run.nix { inherit pkgs; };
  # The request may be written over several lines: no JSON string holds a raw newline, so joining them is safe.
  runJob = pkgs.writeShellScript "pikaci-job" ''
    {
      tr -d '\n' <${lib.escapeShellArg cfg.requestFile}
      echo
      [ ! -r ${lib.escapeShellArg cfg.secretsFile} ] || tr -d '\n' <${lib.escapeShellArg cfg.secretsFile}
      echo
    } | ${supervisor}/bin/pikaci-incus-run run >/dev/null
  '';
in
{
  imports = [ ../guest/pikaci-guest.nix ];

  options.pikaci.microvm = {
    requestFile = lib.mkOption {
      type = lib.types.str;
      default = "/artifacts/guest-request.json";
      description = "The guest request, where the host has put it.";
    };
    secretsFile = lib.mkOption {
      type = lib.types.str;
      default = "/run/pikaci-control/secrets.json";
      description = "The job's secrets, an object of strings; fine when there is none. It lies in no share that the job's artifacts are taken from.";
    };
    shares = lib.mkOption {
      type = lib.types.listOf (lib.types.attrsOf lib.types.anything);
      default = [ ];
      example = [ { tag = "artifacts"; source = "shares/artifacts"; mountPoint = "/artifacts"; readOnly = false; } ];
      description = "Directories of the host, each with tag, source (may be relative to where the runner is started), mountPoint and readOnly.";
    };
  };

  config = {
    microvm = {
      hypervisor = lib.mkDefault "qemu";
      mem = lib.mkDefault 2048;
      vcpu = lib.mkDefault 2;
      # Read-only is enforced by the host's daemon, not only by the guest's mount.
      shares = map (share: {
        inherit (share) tag source mountPoint readOnly;
        proto = "virtiofs";
      }) cfg.shares;
    };

    systemd.services.pikaci-job = {
      description = "The one job of this machine";
      wantedBy = [ "multi-user.target" ];
      after = [ "local-fs.target" ];
      unitConfig = {
        RequiresMountsFor = map (share: share.mountPoint) cfg.shares;
        SuccessAction = "poweroff";
        FailureAction = "poweroff";
      };
      serviceConfig = {
        Type = "oneshot";
        ExecStart = runJob;
        # The supervisor keeps the job's own bound.
        TimeoutStartSec = "infinity";
      };
    };
  };
}
