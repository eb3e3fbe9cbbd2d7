# shellcheck shell=bash disable=SC2154
# `repository` is set by the caller, `guest_image` and `host_image` by ensure_images.
# Guests of other kinds, each from its directory host/guest-VARIANT: in no host image, imported by the tests that ask for one. Packed
# quickly, and not small.

# ensure_guest_variant VARIANT: builds it where it is missing. Sets variant_guest to the directory with the two files that Incus imports.
ensure_guest_variant() {
	local variant=$1 cache directory tag
	cache=$(pikaci_cache_dir)/${variant}-guest
	directory=${repository}/host/guest-${variant}
	tag=pikaci/guest-${variant}:$({ content_of "${directory}" && cat "${repository}/scripts/lib/guest-variant.sh"; } | content_hash "${guest_image}")
	variant_guest=${cache}/${tag#*:}
	[ -f "${variant_guest}/metadata.tar.gz" ] || with_lock "$(pikaci_cache_dir)/build.lock" 1800 build_guest_variant
}

build_guest_variant() {
	local container
	[ ! -f "${variant_guest}/metadata.tar.gz" ] || return 0
	say "building the guest with ${variant} (up to half a minute, once)"
	rm -rf "${cache}"
	mkdir -p "${variant_guest}"
	build --build-arg "BASE=${guest_image}" --tag "${tag}" "${directory}"
	container=$(docker create --label dev.pikaci.build "${tag}" true)
	docker export "${container}" | docker run --rm -i --label dev.pikaci.build --network none --entrypoint sh "${host_image}" -c '
		sqfstar -root-mode 755 -root-uid 0 -root-gid 0 -quiet -no-progress -comp lz4 /tmp/rootfs .dockerenv >&2 && cat /tmp/rootfs' >"${variant_guest}/rootfs.squashfs"
	docker rm "${container}" >/dev/null
	docker image rm "${tag}" >/dev/null
	sed -e "s/@ARCHITECTURE@/$(uname -m)/" -e "s/@CREATION_DATE@/$(date +%s)/" -e "s/@RELEASE@/with ${variant}/" \
		"${repository}/host/guest/metadata.yaml.in" >"${variant_guest}/metadata.yaml"
	tar -C "${variant_guest}" --owner=0 --group=0 -czf "${variant_guest}/metadata.new" metadata.yaml
	mv "${variant_guest}/metadata.new" "${variant_guest}/metadata.tar.gz"
}
