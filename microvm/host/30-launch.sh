# shellcheck shell=sh
# launch JOBDIR LEASE KEY=VALUE… -- TAG MODE SOURCE…: boots the machine unless this lease's owner has done so already, and waits until
# its supervisor has begun. Idempotent.
launch() {
  at "$1"
  lease=$2
  shift 2
  [ -d "$vm/control" ] || refuse 70 setup "there is no $vm/control"
  exec 9>>"$vm/lock"
  flock -w 30 9 || refuse 70 setup "somebody else has held $vm/lock for 30 s"
  look
  if [ "$state" = absent ]; then
    begin "$@"
  elif [ "$(owner_of "$(cat "$vm/lease" 2>/dev/null)")" != "$(owner_of "$lease")" ]; then
    refuse 75 already_started 'this job has its machine already'
  fi
  exec 9>&-
  while :; do
    booted && return
    ! is_file "$calls/no-channel" || refuse 69 no_channel 'the runner attaches no channel, so its machines cannot stay open: see "The runner directory" in microvm/README.md'
    look
    [ "$state" = running ] || break
    pause
  done
  booted && return
  print_status
  exit 69
}

list_sources() { # list_sources TAG MODE SOURCE…
  while [ "$#" -ge 3 ]; do
    printf '%s\0' "$3"
    shift 3
  done
}

list_layer() { # list_layer OPTION…
  for word; do
    case $word in layer=*) printf '%s\0' "$volumes/${word#layer=}" ;; esac
  done
}

owner_of() { # the third word of a lease
  set -f
  # shellcheck disable=SC2086 # words are wanted
  set -- $1
  set +f
  printf '%s' "${3-}"
}

begin() {
  options=
  for word; do
    [ "$word" != -- ] || break
    options="$options $word"
    shift
  done
  shift
  for word in $options; do
    case $word in
    layer=*)
      layer_at "${job%/runs/*/jobs/*}" "${word#layer=}"
      [ -d "$volumes/$volume" ] || refuse 66 layer_missing "there is no layer $volume in $volumes: somebody has removed the template"
      ;;
    boot_secs=* | life_secs=* | artifacts_bytes=* | caches_bytes=* | cpus=* | memory_mib=* | disk_mib=* | keep=* | keep_failed_secs=*) number "${word#*=}" ;;
    *) refuse 64 usage "unknown option ${word%%=*}" ;;
    esac
  done
  [ -x "$vm/runner/bin/microvm-run" ] || refuse 66 runner_missing "there is no program $(readlink "$vm/runner")/bin/microvm-run"
  # Before anything is mounted: whoever moves one of them away looks here afterwards.
  # shellcheck disable=SC2086 # options are single words
  { list_sources "$@" && list_layer $options; } >"$vm/sources" || refuse 70 setup "$vm cannot be written"
  # Not even a listing of it is anybody else's on this host.
  chmod 0700 "$job" "$vm" "$vm/control" || refuse 70 setup "the mode of $job cannot be set"
  rm -rf "$artifacts" "$exported" "$calls"
  mkdir -p "$vm/shares" "$vm/view/artifacts" "$vm/view/workspace/snapshot" "$vm/view/calls" "$vm/control/calls" &&
    mkdir -m 1777 "$artifacts" && mkdir -m 0700 "$exported" "$calls" && chmod 1777 "$artifacts" &&
    cp "$here/pikaci-microvm-guest" "$here/pikaci-incus-run" "$vm/control/" &&
    { [ ! -f "$vm/control/request.json" ] || { cp "$vm/control/request.json" "$artifacts/guest-request.json" && chmod 0644 "$artifacts/guest-request.json"; }; } &&
    printf '%s\n' "$lease" >"$vm/lease" || refuse 70 setup "the directories of the machine cannot be made"
  # shellcheck disable=SC2086 # options are single words
  news=$(
    unset PIKACI_COMMAND # the machine is not part of this command: see the token in the shell adapters
    setsid unshare --mount --propagation private /bin/sh "$0" machine "$job" $options -- "$@" \
      </dev/null 3>&1 >>"$vm/launcher.log" 2>&1 9>&- &
  )
  case $news in
  started) ;;
  '') refuse 70 setup "the machine could not be started: $(tail -n 3 "$vm/launcher.log")" ;;
  *) refuse 70 "${news%%: *}" "${news#*: }" ;;
  esac
}
