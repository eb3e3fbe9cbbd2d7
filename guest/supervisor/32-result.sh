# shellcheck shell=sh
# finish passed|failed EXIT_CODE|null CAUSE MESSAGE (as it stands in a JSON string).
finish() {
  has_result && return
  json="{\"schema_version\":1,\"status\":\"$1\",\"exit_code\":$2,\"finished_at\":\"$(date -u +%Y-%m-%dT%H:%M:%SZ)\",\"message\":\"$4\",\"cause\":\"$3\"${step_lines:+,\"steps\":[$step_lines]}${step_warnings:+,\"warnings\":[$step_warnings]}}"
  size=$(stat -c %s "$log" 2>/dev/null)
  size=${size:-0}
  printf '%s\n' "$size" >"$state/log-bytes" && printf '%s\n' "$json" >"$state/result.new"
  on_disk=$?
  [ -n "$step" ] || show_result
  [ "$on_disk" = 0 ] && mv -f "$state/result.new" "$state/result.json" && return
  # The disk is full. The file in memory has had its page from the start, and is not truncated here: it fits even when
  # the job has filled the tmpfs, too.
  printf '%s %s\n' "$size" "$json" 1<>"$spare/reserved" && mv -f "$spare/reserved" "$spare/result"
}

# The artifacts directory may hold anything by now: the file is created exclusively under a name nobody knows, and what lies
# at its place is moved away first.
show_result() {
  read -r nonce </proc/sys/kernel/random/uuid
  set -C
  printf '%s\n' "$json" >"$artifacts/.result-$nonce"
  among_artifacts=$?
  set +C
  if [ -e "$artifacts/result.json" ] || [ -L "$artifacts/result.json" ]; then
    if mv "$artifacts/result.json" "$artifacts/.planted-$nonce"; then rm -rf "$artifacts/.planted-$nonce" &
    else rm -rf "$artifacts/result.json"; fi
  fi
  if [ "$among_artifacts" = 0 ]; then
    mv -fT "$artifacts/.result-$nonce" "$artifacts/result.json" || mv -f "$artifacts/.result-$nonce" "$artifacts/result.json"
  else
    rm -f "$artifacts/.result-$nonce"
  fi
}
