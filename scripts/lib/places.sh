# shellcheck shell=bash
# Where things are kept outside the checkout: caches that may be thrown away, and the state of what runs now.
# Both are absolute.
pikaci_cache_dir() { realpath -m -- "${PIKACI_CACHE_DIR:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/pikaci}"; }
pikaci_state_dir() { realpath -m -- "${PIKACI_STATE_DIR:-${XDG_STATE_HOME:-${HOME:?}/.local/state}/pikaci}"; }

# with_lock FILE SECONDS COMMAND…: runs COMMAND in a subshell while holding the lock. What COMMAND leaves running must close descriptor 9.
with_lock() {
	local file=$1 seconds=$2
	shift 2
	mkdir -p "$(dirname "${file}")"
	(
		flock -w "${seconds}" 9 || die "another pikaci script has held ${file} for ${seconds} s"
		"$@"
	) 9>>"${file}"
}
