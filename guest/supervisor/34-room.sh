# shellcheck shell=sh
# say_why WHAT DIRECTORY [NAME]: sets `fault` to what could not be written or made there, and why, found out by writing there.
say_why() {
  find_why "$2" "${3-}"
  fault=$1${why:+: $why}
  case $why in "$full") fault="$fault; remove files in it, or give the machine a larger one" ;; esac
}

full='the disk of the guest is full'

# Sets `why`; empty when something can be written there now.
find_why() { # find_why DIRECTORY [NAME], by which it is shown
  place=$1
  while [ ! -d "${place:-/}" ] && [ ! -e "$place" ]; do place=${place%/*}; done
  shown=${2:-${place:-/}}
  if [ "${#shown}" -gt 500 ]; then shown='its directory'; else shown=$(in_json "$shown"); fi
  if [ ! -d "${place:-/}" ]; then
    why="$shown is not a directory"
    return
  fi
  # A name that nobody can have put a link at.
  read -r probe </proc/sys/kernel/random/uuid
  said=$(cp /proc/self/status "$place/.pikaci-probe.$probe" 2>&1 | head -c 4096)
  rm -f "$place/.pikaci-probe.$probe"
  case $said in
  '') why= ;;
  # A container's disk may be a quota of the host's.
  *'No space left'* | *'uota exceeded'*) why=$full ;;
  *'ead-only'*) why="$shown is read-only" ;;
  *'ermission denied'* | *'not permitted'*) why="this user may not write to $shown" ;;
  *'o such file'*) why="nothing can be made in $shown" ;;
  *) why="$(in_json "${said##*: }")" ;;
  esac
}

# As it stands in a JSON string; for what has no control characters.
in_json() { printf '%s' "$1" | tr -d '\001-\037\177' | sed 's/["\\]/\\&/g' | head -c 1000; }

# When the disk is full, something has to be run that frees it. What that takes of the disk is kept from the start, unless there is little more
# than that. The zeros of a file might take nothing.
keep_room() {
  [ ! -e "$machine/room" ] || return 0
  { head -c 1048576 /dev/urandom >"$machine/room.new" && fits "$machine/room.fits" 1048576 && mv -f "$machine/room.new" "$machine/room"; } || rm -f "$machine/room.new"
  rm -f "$machine/room.fits"
}

# make_room FILE: when that cannot have what a step needs, the room is given up. The disk may take its time. btrfs wants some hundred KiB of a
# quota for each small file that is being made.
make_room() {
  fits "$1" 524288 && return
  give_room || return
  tries=50
  until fits "$1" 524288; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || return
    pause
  done
}

give_room() { [ -e "$machine/room" ] && rm -f "$machine/room"; }

fits() { # fits FILE BYTES
  # shellcheck disable=SC2059 # a number of digits
  { printf "%0$2d" 0 >"$1"; } 2>/dev/null
  fitted=$?
  { true >"$1"; } 2>/dev/null && return "$fitted"
}
