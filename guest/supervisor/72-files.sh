# shellcheck shell=sh
list() {
  for path; do
    shift
    case $path in /*) ;; *) refuse 64 usage 'list takes absolute paths' ;; esac
    if [ -e "$path" ] || [ -L "$path" ]; then set -- "$@" "$path"; fi
  done
  [ "$#" -gt 0 ] || return 0
  find "$@" \( -path /proc -o -path /sys -o -path /dev \) -prune -o ! -type d -print0
}

pack() {
  case $(tar --version 2>/dev/null </dev/null) in
  'tar (GNU tar)'*) exec tar -C / --format=gnu --null --no-recursion --ignore-failed-read --hard-dereference -cf - -T - ;;
  esac
  # busybox: some builds have no -T, and those that have it take no name with a newline. So the names become arguments, in as
  # many archives as that takes, joined by leaving out the two empty blocks that end each, but the last.
  xargs -0 -r sh -c 'tar -C / --no-recursion -cf - "$@" | head -c -1024' sh
  head -c 1024 /dev/zero
}
