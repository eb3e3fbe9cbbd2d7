# shellcheck shell=sh
follow() { # inside the view
  offset=$1
  while ! booted; do
    look
    [ "$state" = running ] || break
    pause
  done
  log=artifacts/guest.log
  if [ -f "$log" ] && [ ! -L "$log" ]; then
    look
    size=$(stat -c %s "$log")
    # GNU tail takes an offset beyond the end for a truncated file.
    if [ "$offset" -le "$size" ]; then
      if [ "$state" = running ]; then
        until_job_has_ended
        follow_steps &
        steps=$!
        tail -c "+$((offset + 1))" -s 0.02 "--pid=$pid" -f "$log" </dev/null 2>/dev/null
        wait "$steps"
      else
        print_steps >&2
        tail -c "+$((offset + 1))" "$log" </dev/null 2>/dev/null
      fi
    fi
  fi
  print_status >&2
}

# Sets pid to a process that ends with the job: the machine's own, unless that may stay.
until_job_has_ended() {
  [ -f "$vm/control/keep-failed" ] || return 0
  {
    while look_at_job && [ "$state" = running ]; do sleep 0.05; done
  } </dev/null >/dev/null 2>&1 &
  pid=$!
}

# A job's steps as the supervisor writes them down. Of root's in the guest, so a job without root cannot have planted them.
has_steps() { grep -q '"steps":\[' "$vm/control/request.json" 2>/dev/null; }
is_roots() { is_file "$1" && [ "$(stat -c '%u' "$1")" = 0 ]; }

follow_steps() {
  has_steps || return 0
  while ! is_roots artifacts/steps.jsonl; do
    kill -0 "$pid" 2>/dev/null || return 0
    pause
  done
  # In so many pieces of at most so much, whatever a root job has put there: a line without an end is held by sed as a whole.
  tail -n +1 -s 0.02 "--pid=$pid" -f artifacts/steps.jsonl </dev/null 2>/dev/null | dd bs=16K count=1000 status=none | sed -u 's/^/step /' >&2
}

print_steps() {
  if has_steps && is_roots artifacts/steps.jsonl; then head -c 1048576 artifacts/steps.jsonl | sed 's/^/step /'; fi
}

base64_of() { base64 -w 0; }

# end_of_console BYTES: its last bytes. A panic is said before its trace, which may be longer than that: its line comes first then.
end_of_console() {
  tail -c "$1" "$vm/console.log" 2>/dev/null | grep -qaF 'Kernel panic' ||
    tail -c 65536 "$vm/console.log" 2>/dev/null | LC_ALL=C grep -aF -m 1 'Kernel panic' | tail -c 500
  tail -c "$1" "$vm/console.log" 2>/dev/null
}

# One line of JSON; all that the guest may have chosen is in base64.
print_status() {
  look_at_job
  bytes=0
  result=
  reason=
  log=$artifacts/guest.log
  [ ! -f "$log" ] || [ -L "$log" ] || bytes=$(stat -c %s "$log")
  if [ "$state" = ended ]; then
    if job_has_ended; then reason=kept; else { read -r reason <"$vm/reason"; } 2>/dev/null || reason=killed; fi
    # Supervisors before 0.2 had no place of their own.
    file=$artifacts/.pikaci/result.json
    [ ! -L "$artifacts/.pikaci" ] && [ -f "$file" ] || file=$artifacts/result.json
    # Of root's in the guest, and so not planted by a job without root.
    if [ -f "$file" ] && [ ! -L "$file" ] && [ "$(stat -c '%u' "$file")" = 0 ]; then
      result=$(dd "if=$file" iflag=nofollow,nonblock,count_bytes,fullblock bs=64K count=65536 2>/dev/null | base64_of)
    fi
  fi
  steps=
  ! has_steps || ! is_roots "$artifacts/steps.jsonl" ||
    steps=$(dd "if=$artifacts/steps.jsonl" iflag=nofollow,nonblock,count_bytes,fullblock bs=64K count=262144 2>/dev/null | base64_of)
  began=false
  booted && began=true
  printf '{"schema_version":1,"state":"%s","log_bytes":%s,"booted":%s,"reason":"%s","result_base64":"%s","steps_base64":"%s","console_base64":"%s"}\n' \
    "$state" "$bytes" "$began" "$reason" "$result" "$steps" "$(end_of_console 2000 | base64_of)"
}
