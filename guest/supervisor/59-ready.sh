# shellcheck shell=sh
# An init that starts services goes on while the first call comes: it mounts over what is there, empties /tmp, makes users, and asks for an
# address. So the machine is waited for, by a process of its own: its word comes with the other events, and it can be ended. An init of a few
# lines is not waited for, and to find out which one it is runs no program. A test has a directory in place of the root of all this.
system=${PIKACI_SYSTEM_DIR-}

# Sets `init` to systemd, openrc or nothing.
find_init() {
  init=
  if is_systemd "$system/proc/1/exe" || [ -d "$system/run/systemd/system" ]; then init=systemd
  elif [ -x "$system/sbin/openrc" ] && starts_openrc; then init=openrc; fi
}

# Begun by an init with a list of what to start (busybox, sysvinit), or by its own. A script of a few lines that is called init is neither.
# shellcheck disable=SC3013 # -ef is not POSIX, and is in dash, bash and busybox
starts_openrc() {
  [ "$system/proc/1/exe" -ef "$system/sbin/openrc-init" ] || { [ -f "$system/etc/inittab" ] && [ "$system/proc/1/exe" -ef "$system/sbin/init" ]; }
}

is_systemd() { # is_systemd PROGRAM
  # shellcheck disable=SC3013 # -ef is not POSIX, and is in dash, bash and busybox
  for program in lib/systemd/systemd usr/lib/systemd/systemd run/current-system/systemd/lib/systemd/systemd; do
    [ ! "$1" -ef "$system/$program" ] || return 0
  done
  return 1
}

# Before anything is written: systemd mounts /run and /dev/shm first of all, and then makes this directory. A first process that has not become it yet
# may be what the runtime, or NixOS, does before.
await_mounts() {
  tries=200
  until [ -d "$system/run/systemd/system" ]; do
    is_systemd "$system/proc/1/exe" || [ -e "$system/nix/var/nix/profiles/system/systemd" ] ||
      { [ "$tries" -gt 160 ] && is_systemd "$system/sbin/init"; } || return 0
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return 0
    pause
  done
}

# await_ready: before the first step of a machine, when its events can be heard.
await_ready() {
  [ -z "$step" ] || [ ! -e "$machine/ready" ] || return 0
  find_init
  first=
  [ -z "$ready_command" ] || first='command'
  [ "$ready_network" != true ] && { [ "$ready_network" = false ] || [ -z "$init" ]; } || first=network
  [ "$ready_init" = false ] || [ -z "$init" ] || first=init
  [ -z "$first" ] || wait_until_ready
  [ -z "$step" ] || true >"$machine/ready"
}

wait_until_ready() {
  uptime_ms
  since=$uptime
  printf '{"state":"waiting","timeout_secs":%s}\n' "$ready_secs" >"$state/ready.jsonl"
  place_text
  say_supervised
  awaited=$first became='' attempt=
  timer "$ready_secs" unready
  begin_waiter
  while [ -z "$became" ]; do
    next_event
    case $event in
    awaits)
      awaited=${value%% *}
      attempt=${value#"$awaited"}
      ;;
    ready) became=ready ready_lack=$value ;;
    unready) became=late ;;
    cancel) became=cancelled ;;
    esac
  done
  end_waiter
  # shellcheck disable=SC2086 # a list
  kill $timers 2>/dev/null && wait $timers
  timers='' stopped=''
  [ "$became" != late ] || judge_late
  uptime_ms
  printf '{"state":"%s","waited_ms":%s}\n' "$became" "$((uptime - since))" >>"$state/ready.jsonl"
  case $became in
  cancelled)
    leave_unbegun
    finish failed null cancelled cancelled
    exit
    ;;
  failed)
    leave_unbegun
    finish failed null setup "$ready_lack"
    exit
    ;;
  esac
  [ -z "$ready_lack" ] || ready_warning="\"$ready_lack\""
  plan_again
}

leave_unbegun() { [ -z "$secrets" ] || rm -rf "$secrets/files"; }

# What was asked for has to be there. What is waited for by itself was not, when jobs began at once: they go on, and it is said.
judge_late() {
  ready_lack="the machine was not ready after $ready_secs s: $(late_why)"
  case $awaited/$ready_init/$ready_network in
  init/true/* | network/*/true | command/*) became=failed ;;
  esac
}

late_why() {
  case $awaited in
  init)
    printf '%s has not finished starting' "$init"
    late_jobs
    ;;
  network) printf 'its network has no address' ;;
  command) printf 'the command of \\"ready\\"%s' "${attempt:- has not ended}" ;;
  esac
}

# What systemd is at, where it says so soon.
late_jobs() {
  [ "$init" = systemd ] || return 0
  systemctl list-jobs --no-legend --no-pager </dev/null >"$own/jobs" &
  asked=$! tries=40
  while kill -0 "$asked" && [ "$tries" -gt 0 ] && pause; do tries=$((tries - 1)); done
  kill -s KILL "$asked" 2>/dev/null
  jobs=$(in_json "$(awk '$NF == "running" { printf "%s%s", (n++ ? ", " : ""), $2; if (n == 5) exit }' "$own/jobs")")
  [ -z "$jobs" ] || printf ' (%s)' "$jobs"
}

begin_waiter() {
  (
    exec 4>&- 6>&- 7>&-
    exec env "PIKACI_READY_COMMAND=$ready_command" setsid "$shell" "$self" await-ready "$first" "$init" "${ready_network:-auto}"
  ) &
  waiter=$!
}

# It may not have a session of its own yet, and then it has begun nothing; else what is in that goes with it.
end_waiter() {
  kill -s KILL "$waiter" 2>/dev/null
  kill -s KILL -- "-$waiter" 2>/dev/null
  wait "$waiter"
}

# Who the users are may be another matter by now.
plan_again() {
  PIKACI_AGAIN=${secrets:-none}
  export PIKACI_AGAIN
  { cat "$own/guest-request.json" && { [ -z "$secrets" ] || cat "$secrets/json/secrets"; }; } | parse_request
  parsed=$?
  unset PIKACI_AGAIN
  # shellcheck source=/dev/null
  [ "$parsed" != 0 ] || . "$own/plan"
  case $parsed in
  0) ;;
  64)
    read -r reason <"$own/invalid" || reason='request: is not valid'
    finish failed null invalid_request "$reason"
    exit
    ;;
  *) give_up_unwritable 'the request' "$own" ;;
  esac
}

uptime_ms() {
  read -r uptime _ </proc/uptime
  uptime=$((${uptime%.*} * 1000 + (1${uptime#*.} - 100) * 10))
}

# What waits, in a session of its own: tells `awaits` and `ready` as events.
await_each() { # await_each FIRST INIT NETWORK
  first=$1 init=$2 network=$3
  if [ "$first" = init ]; then
    printf 'awaits init\n' >&8
    "settle_$init"
    trust_again
  fi
  lack=
  if [ "$network" = true ] || { [ "$network" = auto ] && [ -n "$init" ]; }; then
    printf 'awaits network\n' >&8
    await_network
  fi
  if [ -n "${PIKACI_READY_COMMAND-}" ]; then
    printf 'awaits command\n' >&8
    await_command
  fi
  printf 'ready %s\n' "$lack" >&8
}

settle_systemd() {
  command -v systemctl >/dev/null || return 0
  # One that does not know --wait, or cannot ask yet, is asked again.
  while :; do
    case $(systemctl is-system-running --wait </dev/null | head -c 100) in running | degraded | maintenance | stopping) return ;; esac
    pause
  done
}

# Between two of its runlevels, and before it has marked that it starts one, there is a moment that looks like the end.
settle_openrc() {
  seen=0
  while [ "$seen" -lt 3 ]; do
    seen=$((seen + 1))
    softlevel=
    { read -r softlevel <"$system/run/openrc/softlevel"; } 2>/dev/null
    case $softlevel in '' | sysinit | boot | nonetwork) seen=0 ;; esac
    [ ! -d "$system/run/openrc/rc.starting" ] || seen=0
    [ "$seen" = 3 ] || pause
  done
}

# An address of IPv4, or one of IPv6 when none of IPv4 comes within 2 s; then a resolver, for which it is the same.
await_network() {
  tries=0
  until has_address; do
    tries=$((tries + 1))
    if [ "$network" = auto ] && [ "$tries" -gt 200 ]; then
      lack='its network has no address after 10 s, and was not waited for any longer; \"ready\": {\"network\": false} does not wait at all'
      return
    fi
    pause
  done
  tries=0
  until has_address ipv4 && has_resolver; do
    tries=$((tries + 1))
    [ "$tries" -lt 40 ] || return 0
    pause
  done
}

# Where there is no interface that could have one there is nothing to wait for.
has_address() { # has_address [ipv4]
  interfaces=' '
  for interface in "$system"/sys/class/net/*; do
    name=${interface##*/}
    kind=
    { read -r kind <"$interface/type"; } 2>/dev/null
    [ ! -d "$interface/bridge" ] || kind=bridge
    [ "$kind" != 1 ] || interfaces="$interfaces$name "
  done
  [ "$interfaces" != ' ' ] || return 0
  while read -r name _; do
    case $interfaces in *" $name "*) return 0 ;; esac
  done 2>/dev/null <"$system/proc/net/route"
  [ "${1-}" != ipv4 ] || return 1
  while read -r _ _ _ scope _ name; do
    case $scope$interfaces in 00*" $name "*) return 0 ;; esac
  done 2>/dev/null <"$system/proc/net/if_inet6"
  return 1
}

# systemd-resolved is always the one that is named, and knows later whom to ask.
has_resolver() {
  list=$system/etc/resolv.conf
  # shellcheck disable=SC3013
  [ ! "$list" -ef "$system/run/systemd/resolve/stub-resolv.conf" ] || list=$system/run/systemd/resolve/resolv.conf
  while read -r word _; do
    [ "$word" != nameserver ] || return 0
  done 2>/dev/null <"$list"
  return 1
}

await_command() {
  wanted=$PIKACI_READY_COMMAND
  until (cd / && exec env -i PATH="$PATH" HOME=/root USER=root LOGNAME=root LANG=C.UTF-8 /bin/sh -c "$wanted" </dev/null >/dev/null 2>&1 8>&-); do
    printf 'awaits command ended with status %s\n' "$?" >&8
    sleep 0.25 || sleep 1
  done
}

# For what is sent before the first step: bounded, and not told.
await_init() {
  [ ! -e "$machine/ready" ] && [ ! -e "$machine/settled" ] || return 0
  find_init
  [ -n "$init" ] || return 0
  (
    exec 8>/dev/null
    exec setsid "$shell" "$machine/pikaci-incus-run" await-ready init "$init" false
  ) &
  waiter=$! tries=1200
  while kill -0 "$waiter" && [ "$tries" -gt 0 ] && pause; do tries=$((tries - 1)); done
  end_waiter
  true >"$machine/settled"
}
