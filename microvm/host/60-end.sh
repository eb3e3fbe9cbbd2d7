# shellcheck shell=sh
# cancel GRACE: asks the supervisor to end the job, and waits until the machine is off; both have bounds.
cancel() {
  grace=$1
  look_at_job
  if [ "$state" = running ]; then
    printf '%s\n' "$grace" >"$vm/cancel.new" && mv -f "$vm/cancel.new" "$vm/control/cancel"
    left=$(((grace + 60) * 20))
    while look_at_job && [ "$state" = running ] && [ "$left" -gt 0 ]; do
      sleep 0.05
      left=$((left - 1))
    done
  fi
  print_status
}

destroy() {
  look
  if [ "$state" = running ]; then
    ( cd "$vm" && set -C && printf 'destroyed\n' >reason ) 2>/dev/null
    kill -KILL "-$pid"
    left=500
    while [ -n "$(ps_group "$pid")" ] && [ "$left" -gt 0 ]; do
      left=$((left - 1))
      pause
    done
    [ "$left" -gt 0 ] || refuse 70 setup "the processes of the machine in $vm do not end"
  fi
  remove_copies
  # A launch that is still waiting for the lock finds nothing to boot; one that comes anew prepares it anew. A call or a shell that sees the
  # machine end may write there once more.
  left=100
  until rm -rf "$vm" 2>/dev/null || [ "$left" = 0 ]; do
    left=$((left - 1))
    pause
  done
  rm -rf "$vm"
}

# ps_group GROUP: who is left of it (proc(5), field 5), zombies aside.
ps_group() { sed -n 's/^\([0-9]*\) (.*) [^ZX] [0-9]* '"$1"' .*/\1/p' /proc/[0-9]*/stat 2>/dev/null; }
