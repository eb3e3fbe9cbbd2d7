# shellcheck shell=sh
print_status() {
  check_state
  print_state
}

print_state() {
  result=null
  bytes=
  case $phase in
  finished)
    if [ -e "$state/result.json" ]; then
      IFS= read -r result <"$state/result.json"
      read -r bytes <"$state/log-bytes"
    else
      read -r bytes result <"$spare/result"
    fi
    ;;
  running | lost) ! has_log || bytes=$(stat -c %s "$log" | head -c 20) ;;
  esac 2>/dev/null
  steps=
  read_steps
  printf '{"schema_version":1,"state":"%s","log_bytes":%s,"result":%s%s}\n' "$phase" "${bytes:-0}" "$result" "$steps"
}

# The last line of each step of a job: what was running is running no more when another line follows.
read_steps() {
  case $result in
  *',"steps":['*)
    steps=${result##*,\"steps\":}
    steps=",\"steps\":${steps%\}}"
    ;;
  *)
    [ -e "$state/steps.jsonl" ] || return 0
    running=
    while IFS= read -r line; do
      case $line in
      *'"state":"running"'*) running=,$line ;;
      *) steps=$steps,$line running='' ;;
      esac
    done <"$state/steps.jsonl"
    steps=$steps$running
    steps=",\"steps\":[${steps#,}]"
    ;;
  esac
}
