# shellcheck shell=bash
# The npm packages of this project, as the lock file has them; nothing happens when they are there already.

install_dependencies() {
	local wanted stamp=node_modules/.pikaci-lock
	wanted=$(sha256sum package-lock.json | cut -d' ' -f1)-$(node --version)
	if [ -f "${stamp}" ] && [ "$(cat "${stamp}")" = "${wanted}" ]; then return; fi
	say "installing this project's npm packages"
	# Not `npm ci`: it refuses a lock file without the optional packages of every platform, and a registry's mirror may carry those
	# of one platform only. This, too, installs what the lock file says, and leaves the file as it is.
	npm install --no-save --no-audit --no-fund --loglevel=error >&2
	printf '%s\n' "${wanted}" >"${stamp}"
}
