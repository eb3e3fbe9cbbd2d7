#!/bin/sh
# pikaci-microvm-host: looks after the microVMs of one host. The protocol is in microvm/README.md.
# POSIX sh with util-linux (unshare, mount, setsid, flock), GNU coreutils, findutils and tar. Runs as root.
# Nothing that a guest has written is followed, opened as a device or evaluated: see view().
# shellcheck disable=SC2015,SC2016 # quoted text for other shells; `a && b || refuse`: refuse is meant for either
set -u
LC_ALL=C
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin
export LC_ALL PATH
here=${0%/*}
read -r boot_id </proc/sys/kernel/random/boot_id

refuse() { # refuse EXIT NAME TEXT
  printf 'pikaci-microvm-host: %s: %s\n' "$2" "$3" >&2
  exit "$1"
}

number() { # number TEXT: at most 15 digits and no leading 0
  case $1 in 0) ;; '' | 0* | *[!0-9]* | ????????????????*) refuse 64 usage "a whole number was expected" ;; esac
}

# at JOBDIR: the names of all that belongs to one machine.
at() {
  job=$1
  case $job in /*) ;; *) refuse 64 usage 'a job directory is an absolute path' ;; esac
  vm=$job/vm
  artifacts=$job/artifacts
  exported=$job/workspace-artifacts
  calls=$job/calls # what the guest answers to the calls of an open machine
}
