# shellcheck shell=sh
find_tree() {
  marked=$(grep -lzxF "PIKACI_JOB_TOKEN=$token" /proc/[0-9]*/environ 2>/dev/null)
  tree=$(awk "$tree_awk" "$leader" "$marked" /proc/[0-9]*/stat)
}

signal_tree() {
  find_tree
  # shellcheck disable=SC2086 # a list
  [ -z "$tree" ] || kill -s "$1" $tree
}

# Ends what is left of the job: TERM, up to the given seconds of patience, KILL. A `cancel` that comes meanwhile may shorten it.
end_tree() {
  signal_tree TERM
  [ -n "$tree" ] || [ -z "$code" ] || return
  timer "$1" impatient
  ticking='' rounds=0 sign=0
  while [ "$rounds" -lt 250 ]; do
    [ -n "$ticking" ] || timer 0.04 tick
    ticking=yes
    next_event
    case $event in
    tick) ticking='' ;;
    cancel) timer "${value:-$grace_secs}" impatient ;;
    impatient) sign=KILL ;;
    esac
    signal_tree "$sign"
    [ -n "$tree" ] || [ -z "$code" ] || return
    [ "$sign" = 0 ] || rounds=$((rounds + 1))
  done
}
