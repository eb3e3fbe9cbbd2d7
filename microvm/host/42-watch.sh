# shellcheck shell=sh
watch_boot() {
  left=$((boot_secs * 10))
  while [ "$left" -gt 0 ]; do
    booted && return
    sleep 0.1
    left=$((left - 1))
  done
  booted || end boot_timeout
}

# Once a second: a machine whose directory was removed is nobody's and ends; and so does one whose guest writes more into the host's file
# system than it may. A single file is stopped by the daemon's own limit. A console, or what a share daemon says of a guest, that is too long begins anew: its end is
# what counts.
watch_directory() {
  next_look=0
  while sleep 1; do
    [ -e "$vm/machine" ] || end removed
    [ -z "$has_channel" ] || remove_abandoned_calls
    for kept in console.log virtiofsd.log; do
      size=$(stat -c %s "$vm/$kept" 2>/dev/null) || continue
      # Not `:`, with which a redirection that fails ends the shell.
      [ "$size" -le 4194304 ] || true >"$vm/$kept"
    done
    [ "$caches_bytes" = 0 ] || watch_caches
    [ "$artifacts_bytes" != 0 ] || continue
    [ "$(sum -B 1)" -le "$artifacts_bytes" ] && [ "$(sum --inodes)" -le 500000 ] && continue
    [ ! -e "$vm/machine" ] || end artifacts_full
  done
}

# The caches of the machine together, in no more than a tenth of the time: what has many files takes long to count.
watch_caches() {
  read -r up _ </proc/uptime
  began=${up%%.*}
  [ "$began" -ge "$next_look" ] || return 0
  if [ "$(sum_of_caches -B 1)" -gt "$caches_bytes" ] || [ "$(sum_of_caches --inodes)" -gt 2000000 ]; then
    [ ! -e "$vm/machine" ] || end caches_full
  fi
  read -r up _ </proc/uptime
  next_look=$((${up%%.*} + (${up%%.*} - began) * 10))
}

sum_of_caches() { total_of "$@" "$vm"/shares/pikaci-cache-*; }

sum() { # sum OPTIONS: of the directories that the guest may write, in the unit of du's options
  total_of "$@" "$artifacts" "$exported" "$calls"
}

total_of() { # total_of OPTIONS DIRECTORY…
  du -s "$@" 2>/dev/null | {
    total=0
    while read -r count _; do total=$((total + count)); done
    printf '%s' "$total"
  }
}
