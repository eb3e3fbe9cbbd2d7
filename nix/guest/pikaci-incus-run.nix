# The supervisor of `guest/`, byte for byte: `#!/bin/sh` stays, because every NixOS has /bin/sh.
{ pkgs }:
pkgs.runCommand "pikaci-incus-run" { meta.mainProgram = "pikaci-incus-run"; } ''
  install -D -m 0755 ${../../guest/pikaci-incus-run} $out/bin/pikaci-incus-run
''
