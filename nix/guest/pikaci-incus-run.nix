# The supervisor of `guest/`, byte for byte: `#!/bin/sh` stays, because every NixOS has /bin/sh.
{ pkgs }: pkgs.writeScriptBin "pikaci-incus-run" (import ../assemble.nix ../../guest/supervisor)
