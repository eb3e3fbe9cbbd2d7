# shellcheck shell=sh
# In a session and a mount namespace of its own, which outlive the connection. Everything of the machine is in this one process group.
# The first reason for its end is kept.
machine() {
  at "$1"
  shift
  boot_secs=60 life_secs=0 artifacts_bytes=0 caches_bytes=0 keep_failed_secs=0 has_channel='' layer=
  while [ "$1" != -- ]; do
    case $1 in
    boot_secs=*) boot_secs=${1#*=} ;;
    life_secs=*) life_secs=${1#*=} ;;
    artifacts_bytes=*) artifacts_bytes=${1#*=} ;;
    caches_bytes=*) caches_bytes=${1#*=} ;;
    cpus=*) export "PIKACI_MICROVM_CPUS=${1#*=}" ;;
    memory_mib=*) export "PIKACI_MICROVM_MEMORY_MIB=${1#*=}" ;;
    keep=1) has_channel=yes ;;
    keep_failed_secs=*) keep_failed_secs=${1#*=} has_channel=yes ;;
    layer=*) layer=${1#*=} ;;
    disk_mib=*) export "PIKACI_MICROVM_DISK_MIB=${1#*=}" ;;
    esac
    shift
  done
  shift
  cd "$vm" || exit
  start_of "$$"
  printf '%s %s %s\n' "$$" "$start" "$boot_id" >machine
  while [ "$#" -ge 3 ]; do
    share "$1" "$2" "$3"
    shift 3
  done
  [ -z "$layer" ] || attach_layer
  [ "$keep_failed_secs" = 0 ] || printf '%s\n' "$keep_failed_secs" >control/keep-failed
  [ -z "$has_channel" ] || make_channel || give_up setup 'the channel of the machine cannot be made'
  start_daemons
  why=$({ true >console.log; } 2>&1) || give_up setup "the console of the machine cannot be kept in $vm: ${why##*: }"
  "$vm/runner/bin/microvm-run" </dev/null >>console.log 2>&1 3>&- &
  guest=$!
  printf 'started\n' >&3
  exec 3>&-
  watch_boot &
  watch_directory &
  [ "$life_secs" = 0 ] || { sleep "$life_secs" && end overdue; } &
  [ -z "$daemons" ] || { while kill -0 "$daemons"; do sleep 0.2; done; sleep 2; end share_failed; } 2>/dev/null &
  wait "$guest"
  end "exit $?"
}

# Says why the machine could not be started, to whoever waits for it and to those who come later.
give_up() { # give_up NAME TEXT
  printf '%s: %s\n' "$1" "$2" >&3
  exec 3>&-
  end "$1"
}

# end REASON: nothing of the machine is left afterwards, this process included.
end() {
  set -C
  { printf '%s\n' "$1" >reason; } 2>/dev/null
  set +C
  kill -KILL 0
}
