#!/bin/sh
# pikaci-incus-run: supervises one job inside its throw-away machine. The protocol is in guest/README.md.
# POSIX sh for dash, bash and busybox ash; needs coreutils (or busybox), awk, grep, find, tar and setsid. Every fork costs
# about a millisecond of the time to the first byte, so values are parsed by one awk and everything else is a builtin
# where it can be. No value of a request is ever evaluated: values reach the shell single-quoted or as files.
# shellcheck disable=SC2016 # the awk programs and the shell text for others are quoted as a whole
# shellcheck disable=SC2154 # what `plan` assigns: see the calls of plan() below
set -u
# What the instance was given, for the job: see instance_env().
PIKACI_GIVEN_PATH=${PIKACI_GIVEN_PATH-${PATH-}}
PIKACI_GIVEN_LC_ALL=${PIKACI_GIVEN_LC_ALL-${LC_ALL-}}
export PIKACI_GIVEN_PATH PIKACI_GIVEN_LC_ALL
LC_ALL=C
PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/wrappers/bin:/run/current-system/sw/bin
export LC_ALL PATH
machine=${PIKACI_STATE_DIR:-/var/lib/pikaci}
state=$machine # of the job; each step of an open machine has its own below that of the machine
artifacts=${PIKACI_ARTIFACTS_DIR:-/artifacts}
step=
public=$state-job # what the job's user must be able to read; the state directory is for root alone
log=$artifacts/guest.log
shell=${PIKACI_SH:-/bin/sh}
spare= # a directory in the guest's memory for the record that the disk does not take: see claim() and has_result()
