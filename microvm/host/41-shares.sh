# shellcheck shell=sh
share() { # share TAG MODE SOURCE: what is read-only is so here on the host, whatever the daemon or the guest does
  point=shares/$1
  if [ -d "$3" ]; then
    mkdir -p "$point"
  else
    # A single file is shared as a directory that holds it.
    mkdir -p "$point" && point=$point/file && : >>"$point"
  fi
  mount --bind -- "$3" "$point" || give_up share_failed "the share $1 cannot be made from $3: $(tail -n 1 launcher.log)"
  mount -o "remount,bind,$2,nodev,nosuid" "$point" || give_up share_failed "the share $1 cannot be made $2: $(tail -n 1 launcher.log)"
}

# A daemon holds a descriptor for each file that the guest knows: as many as there may be, where a login's limit is 1,024.
# shellcheck disable=SC3045 # dash, bash and busybox have these options
raise_descriptors() { ulimit -n 1048576 2>/dev/null || ulimit -S -n "$(ulimit -H -n)"; }

start_daemons() {
  daemons=
  [ -x runner/bin/virtiofsd-run ] || return
  (
    # No single file of a share comes near the bound, so one that is too large does not end the machine by itself. The daemon gets EFBIG,
    # not a signal.
    trap '' XFSZ
    [ "$artifacts_bytes" = 0 ] || ulimit -f $((artifacts_bytes * 9 / 10 / 512 + 1))
    raise_descriptors
    exec "$vm/runner/bin/virtiofsd-run"
  ) </dev/null >>virtiofsd.log 2>&1 3>&- &
  daemons=$!
  left=500
  for directory in shares/*; do
    socket=${directory#shares/}.sock
    until [ -S "$socket" ]; do
      kill -0 "$daemons" 2>/dev/null || give_up share_failed "the share daemons ended: $(tail -c 1000 virtiofsd.log | tr '\n' ' ')"
      [ "$left" -gt 0 ] || give_up share_failed "the socket $socket did not come within 10 s: $(tail -c 1000 virtiofsd.log | tr '\n' ' ')"
      left=$((left - 1))
      pause
    done
  done
}

# The runner attaches each layers/N.img. What is there is many machines' and stays as it is, whatever the runner does.
attach_layer() {
  layer_at "${job%/runs/*/jobs/*}" "$layer"
  mkdir -p layers && mount --bind -- "$volumes/$volume" layers && mount -o remount,bind,ro,nodev,nosuid,noexec layers ||
    give_up layer_failed "the layer $volume cannot be attached: $(tail -n 1 launcher.log)"
  printf '%s\n' "$volume" >layer
}
