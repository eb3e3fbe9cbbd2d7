# shellcheck shell=bash
# The Debian that the host and the guest are built on: bootstrapped from the machine's own mirror, or else pulled.

bootstrap_base() {
	local suite=$1 tag=$2 root mirror
	install_packages debootstrap
	mirror=$(debian_mirror "${suite}")
	if [ -z "${mirror}" ]; then
		as_root apt-get update >&2
		mirror=$(debian_mirror "${suite}")
	fi
	[ -n "${mirror}" ] || die "apt has no source for ${suite} here; set PIKACI_BASE_IMAGE"
	root=$(new_build_dir)/root
	say "bootstrapping Debian ${suite} (about half a minute, once)"
	# In a mount namespace of its own, so that nothing stays mounted in the tree whatever happens.
	as_root unshare --mount debootstrap --variant=minbase --include=ca-certificates "${suite}" "${root}" "${mirror}" >&2
	debian_sources "${suite}" | as_root tee "${root}/etc/apt/sources.list" >/dev/null
	debian_apt_conf | as_root tee "${root}/etc/apt/apt.conf.d/90machine" >/dev/null
	as_root sh -c "rm -rf \"\$1\"/var/cache/apt/* \"\$1\"/var/lib/apt/lists/*" sh "${root}"
	as_root tar -C "${root}" --one-file-system -c . | docker import - "${tag}" >/dev/null
}

pull_base() {
	docker image inspect "$1" >/dev/null 2>&1 && return
	say "pulling $1"
	docker pull "$1" >&2 || die "this machine is not a Debian that can be bootstrapped (bookworm or later), and $1 cannot be pulled; set PIKACI_BASE_IMAGE to an image of Debian that the engine has"
}

# Prints the image's name. The caller holds the build lock.
base_image() {
	local suite tag
	if [ -n "${PIKACI_BASE_IMAGE:-}" ] || ! suite=$(debian_suite); then
		tag=${PIKACI_BASE_IMAGE:-debian:trixie-slim}
		pull_base "${tag}"
	else
		tag=pikaci/base:$(content_hash "${suite}" "$(uname -m)" <"${BASH_SOURCE[0]}")
		docker image inspect "${tag}" >/dev/null 2>&1 || bootstrap_base "${suite}" "${tag}"
	fi
	printf '%s' "${tag}"
}
