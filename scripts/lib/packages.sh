# shellcheck shell=bash
# Installs Debian packages that are missing, where that is possible.

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "this needs root, and there is no sudo: $*"
	fi
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

apt_install() {
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=120 install -y --no-install-recommends "$@" >&2 9>&-
}

# install_packages NAME…: nothing happens when all are there; the package lists are fetched only when the ones at hand do not do.
install_packages() {
	local missing=() name
	for name in "$@"; do is_installed "${name}" || missing+=("${name}"); done
	[ ${#missing[@]} -gt 0 ] || return 0
	command -v apt-get >/dev/null || die "please install: ${missing[*]} (there is no apt-get here)"
	say "installing ${missing[*]}"
	apt_install "${missing[@]}" && return
	as_root apt-get -o DPkg::Lock::Timeout=120 update >&2
	apt_install "${missing[@]}" || die "apt-get could not install: ${missing[*]}"
}
