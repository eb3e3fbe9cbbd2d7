# shellcheck shell=bash disable=SC2154
# `repository` is set by the caller, `guest_image` and `host_image` by ensure_images.
# The guest with systemd: in no host image, imported by the tests that ask for it. Packed quickly, and not small.

# Builds it where it is missing. Sets systemd_guest to the directory with the two files that Incus imports.
ensure_systemd_guest() {
	local cache directory tag
	cache=$(pikaci_cache_dir)/systemd-guest
	directory=${repository}/host/guest-systemd
	tag=pikaci/guest-systemd:$({ content_of "${directory}" && cat "${repository}/scripts/lib/systemd-guest.sh"; } | content_hash "${guest_image}")
	systemd_guest=${cache}/${tag#*:}
	[ -f "${systemd_guest}/metadata.tar.gz" ] || with_lock "$(pikaci_cache_dir)/build.lock" 1800 build_systemd_guest
}

build_systemd_guest() {
	local container
	[ ! -f "${systemd_guest}/metadata.tar.gz" ] || return 0
	say "building the guest with systemd (about half a minute, once)"
	rm -rf "${cache}"
	mkdir -p "${systemd_guest}"
	build --build-arg "BASE=${guest_image}" --tag "${tag}" "${directory}"
	container=$(docker create --label dev.pikaci.build "${tag}" true)
	docker export "${container}" | docker run --rm -i --label dev.pikaci.build --network none --entrypoint sh "${host_image}" -c '
		sqfstar -root-mode 755 -root-uid 0 -root-gid 0 -quiet -no-progress -comp lz4 /tmp/rootfs .dockerenv >&2 && cat /tmp/rootfs' >"${systemd_guest}/rootfs.squashfs"
	docker rm "${container}" >/dev/null
	docker image rm "${tag}" >/dev/null
	sed -e "s/@ARCHITECTURE@/$(uname -m)/" -e "s/@CREATION_DATE@/$(date +%s)/" -e "s/@RELEASE@/with systemd/" \
		"${repository}/host/guest/metadata.yaml.in" >"${systemd_guest}/metadata.yaml"
	tar -C "${systemd_guest}" --owner=0 --group=0 -czf "${systemd_guest}/metadata.new" metadata.yaml
	mv "${systemd_guest}/metadata.new" "${systemd_guest}/metadata.tar.gz"
}
