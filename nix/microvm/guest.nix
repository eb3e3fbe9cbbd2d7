# The guest of the microVM runner, on top of microvm.nix. Its one service runs the script that the host has put into the share `control`, and
# powers the machine off; the script mounts what the job needs and runs the supervisor. host/README.md has the same contract.
{ config, lib, pkgs, ... }:
let
  cfg = config.pikaci.microvm;
  control = "/run/pikaci/control";
  # A machine that takes calls while it is up has this share, and FIFOs beside its sockets: see "The runner directory" in microvm/README.md.
  takesCalls = builtins.any (share: share.tag == "calls") cfg.shares;
  consoles = map (number: "console-${toString number}") [ 0 1 2 3 ];
  # Every share has a place in microvm.nix; the script mounts all but this one a second time, where the job wants it.
  placeOf = share: if share.tag == "control" then control else "/run/pikaci/shares/${share.tag}";
  runJob = pkgs.writeShellScript "pikaci-job" ''
    scratch=/var/lib/pikaci-scratch
    mkdir -p "$scratch" /run/pikaci/scratch
    mount --bind "$scratch" /run/pikaci/scratch
    if ! mountpoint -q ${control}; then
      echo 'pikaci-microvm: the share "control" is missing: there is no job to run'
    elif [ ! -f ${control}/pikaci-microvm-guest ]; then
      echo 'pikaci-microvm: the share "control" has no file pikaci-microvm-guest: there is no job to run'
    else
      /bin/sh ${control}/pikaci-microvm-guest </dev/null || true
    fi
    sync
  '';
in
{
  imports = [ ../guest/pikaci-guest.nix ];

  options.pikaci.microvm = {
    shares = lib.mkOption {
      type = lib.types.listOf (lib.types.attrsOf lib.types.anything);
      default = [ ];
      example = [ { tag = "artifacts"; readOnly = false; } ];
      description = "What the machine may attach: shares/<tag> of the directory that the runner is started in.";
    };
    diskMiB = lib.mkOption {
      type = lib.types.ints.positive;
      default = 8192;
      description = "Size of the sparse scratch disk that the root filesystem is on, new for each machine.";
    };
  };

  config = {
    microvm = {
      hypervisor = lib.mkDefault "qemu";
      mem = lib.mkDefault 1024;
      vcpu = lib.mkDefault 1;
      # Sockets and sources are relative to where the runner is started, so that jobs of one shape share a runner.
      shares = map (share: {
        inherit (share) tag readOnly;
        source = "shares/${share.tag}";
        socket = "${share.tag}.sock";
        mountPoint = placeOf share;
        proto = "virtiofs";
      }) cfg.shares;
      volumes = [ { image = "scratch.img"; mountPoint = "/"; size = cfg.diskMiB; autoCreate = true; fsType = "ext4"; } ];
      qemu.extraArgs =
        if !takesCalls then
          [ ]
        else
        [
          "-device" "virtio-serial-pci"
          "-chardev" "pipe,id=channel,path=channel"
          "-device" "virtserialport,chardev=channel,name=pikaci.channel"
        ]
        ++ builtins.concatMap (console: [
          "-chardev" "pipe,id=${console},path=${console}"
          "-device" "virtconsole,chardev=${console}"
        ]) consoles;
      preStart = "rm -f scratch.img";
      # That of microvm.nix restarts a daemon that died, and the machine hangs on; this one ends and says which.
      binScripts.virtiofsd-run = lib.mkForce ''
        export PATH=${lib.makeBinPath [ pkgs.bash pkgs.coreutils pkgs.gnused pkgs.util-linux pkgs.virtiofsd ]}
        exec bash ${../../host/microvm/bin/virtiofsd-run}
      '';
    };

    # A share that cannot be mounted is for the job's script to name: nobody sits at an emergency prompt.
    fileSystems = builtins.listToAttrs (
      map (share: { name = placeOf share; value.options = [ "nofail" ]; }) cfg.shares
    );
    systemd.enableEmergencyMode = false;
    boot.kernelModules = [ "virtiofs" "overlay" ] ++ (if takesCalls then [ "virtio_console" ] else [ ]);

    systemd.services.pikaci-job = {
      description = "The one job of this machine";
      wantedBy = [ "multi-user.target" ];
      after = [ "local-fs.target" ];
      # The system's own commands, in place of the few that a service gets.
      environment.PATH = lib.mkForce "/run/wrappers/bin:/run/current-system/sw/bin";
      unitConfig = {
        SuccessAction = "poweroff-force";
        FailureAction = "poweroff-force";
      };
      serviceConfig = {
        Type = "oneshot";
        ExecStart = runJob;
        StandardInput = "null";
        StandardOutput = "tty";
        StandardError = "tty";
        TTYPath = "/dev/console";
        # The supervisor keeps the job's own bound.
        TimeoutStartSec = "infinity";
      };
    };
  };
}
