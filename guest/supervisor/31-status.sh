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
  running | lost) bytes=$(stat -c %s "$log") ;;
  esac 2>/dev/null
  printf '{"schema_version":1,"state":"%s","log_bytes":%s,"result":%s}\n' "$phase" "${bytes:-0}" "$result"
}
