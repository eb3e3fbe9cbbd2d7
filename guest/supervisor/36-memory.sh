# shellcheck shell=sh
# Processes that were killed for want of memory. A container has a counter of its own, in its control group; the kernel's counts the whole
# host there, and tells only that there is nothing to look for. In a virtual machine it counts the machine.
vmstat=${PIKACI_VMSTAT:-/proc/vmstat}
control_group=${PIKACI_CONTROL_GROUP:-/sys/fs/cgroup}

is_count() { case $1 in '' | *[!0-9]* | ???????????????????*) return 1 ;; esac; }

read_kernel_kills() {
  kernel_kills=$(grep -m 1 '^oom_kill ' "$vmstat" 2>/dev/null | head -c 40)
  kernel_kills=${kernel_kills#oom_kill }
  is_count "$kernel_kills" || kernel_kills=
}

is_container() {
  [ -z "${PIKACI_CONTROL_GROUP-}" ] || return 0
  read -r _ _ range </proc/self/uid_map
  [ "$range" = 4294967295 ] || return 0
  grep -qz '^container=' /proc/1/environ 2>/dev/null
}

# group_counts FILE: sets what a file of lines `NAME NUMBER` says.
group_counts() {
  while read -r name number _; do
    is_count "$number" || continue
    case $name in
    oom_kill) kills=$number ;;
    oom) at_limit=$number ;;
    esac
  done <"$1"
}

# Sets `kills`, `limit` in bytes, and `at_limit`: how often it was met, where that is counted. Fails where no control group is mounted.
read_group() {
  kills='' limit='' at_limit=''
  if [ -r "$1/memory.events" ]; then
    group_counts "$1/memory.events"
    read -r limit <"$1/memory.max"
  else
    for group in "$1" "$1/memory"; do
      [ -r "$group/memory.oom_control" ] || continue
      group_counts "$group/memory.oom_control"
      read -r limit <"$group/memory.limit_in_bytes"
      at_limit=$kills
    done
  fi 2>/dev/null
  is_count "$kills"
}

# Where nothing has mounted it, it is mounted for one look.
read_group_anyhow() {
  read_group "$control_group" && return
  if grep -q ':memory:' /proc/self/cgroup; then set -- -t cgroup -o memory; else set -- -t cgroup2; fi
  mount "$@" -o nosuid,nodev,noexec pikaci "$control_group" 2>/dev/null || return
  read_group "$control_group"
  looked=$?
  umount "$control_group"
  return "$looked"
}

# Before a command. Of a new machine whose control group is not mounted nobody has been killed.
begin_kills() {
  read_kernel_kills
  if [ -n "$step" ] && [ -e "$machine/kills" ]; then
    seen='' kills=''
    read -r seen kills _ <"$machine/kills"
    { is_count "$seen" && is_count "$kills"; } || seen=none
  fi
  if [ -n "${seen-}" ] && [ "$seen" = "$kernel_kills" ]; then :
  elif ! is_container; then kills=$kernel_kills
  elif read_group "$control_group"; then :
  elif [ -n "${seen-}" ] && read_group_anyhow; then :
  else kills=0; fi
  seen=$kernel_kills kills_before=$kills
}

# After a command: sets `killed`, empty where nothing was, and what there is to say of it.
end_kills() {
  killed=
  read_kernel_kills
  if [ -n "$kernel_kills" ] && [ "$kernel_kills" = "$seen" ]; then return; fi
  limit='' at_limit=''
  if ! is_container; then kills=$kernel_kills
  elif ! read_group_anyhow; then return; fi
  is_count "$kills" && is_count "$kills_before" || return
  seen=$kernel_kills
  [ -z "$step" ] || printf '%s %s\n' "$seen" "$kills" >"$machine/kills"
  number=$((kills - kills_before))
  [ "$number" -gt 0 ] || return
  what='1 process'
  [ "$number" = 1 ] || what="$number processes"
  if ! is_container; then
    read -r _ total _ <"${vmstat%/*}/meminfo"
    killed="the machine ran out of memory$(is_count "$total" && in_units $((total * 1024)) ' (' ')'), which killed $what"
  elif is_count "$limit" && [ "$at_limit" != 0 ]; then killed="the memory limit$(in_units "$limit" ' of ' '') killed $what"
  else killed="the host ran out of memory, which killed $what"; fi
}

in_units() { # in_units BYTES BEFORE BEHIND
  if [ "$1" -ge 10485760 ] || [ $(($1 % 1048576)) = 0 ]; then printf '%s%s MiB%s' "$2" $(($1 / 1048576)) "$3"
  else printf '%s%s KiB%s' "$2" $(($1 / 1024)) "$3"; fi
}

# What a command that has failed was short of: sets `cause` and `short`. That the disk is full is found out by writing on it.
find_short() {
  short=$killed
  [ -z "$short" ] || { cause=oom; return; }
  case ${unlogged-} in
  "$full"*) short=$full ;;
  *)
    for place in "$machine" "$artifacts"; do
      read -r probe </proc/sys/kernel/random/uuid
      # By cat, since head of busybox does not say why it could not write.
      said=$({ head -c 1048576 /dev/zero | cat >"$place/.pikaci-probe.$probe"; } 2>&1 | head -c 4096)
      rm -f "$place/.pikaci-probe.$probe"
      case $said in *'No space left'* | *'uota exceeded'*) short=$full && break ;; esac
    done
    ;;
  esac
  [ -z "$short" ] || cause=disk_full
}
