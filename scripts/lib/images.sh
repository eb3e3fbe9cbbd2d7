# shellcheck shell=bash disable=SC2154
# `repository` is set by the caller.
# Builds the guest image and the host image. Tags carry a hash of everything that goes in, so an image that is there is right.

# content_hash WORD… <CONTENT: the first 12 hex digits over both.
content_hash() { { printf '%s\0' "$@"; cat; } | sha256sum | cut -c1-12; }

# content_of DIR: the names and bytes of the files directly in DIR; the documentation does not go into an image.
content_of() {
	local file
	for file in "$1"/*; do
		case ${file} in *.md) continue ;; esac
		[ ! -f "${file}" ] || { printf '%s\0' "${file##*/}" && cat "${file}"; }
	done
}

builds_dir() { printf '%s/builds' "$(pikaci_cache_dir)"; }
new_build_dir() { mktemp -d "$(builds_dir)/XXXXXXXX"; }

# What an interrupted build left behind; nobody else builds while the lock is held.
clear_builds() {
	local container
	docker ps --all --quiet --filter label=dev.pikaci.build | while read -r container; do docker rm --force "${container}" >/dev/null; done
	[ ! -d "$(builds_dir)" ] || as_root rm -rf --one-file-system "$(builds_dir)"
	mkdir -p "$(builds_dir)"
}

build() {
	local proxy arguments=()
	for proxy in http_proxy https_proxy no_proxy; do
		[ -z "${!proxy:-}" ] || arguments+=(--build-arg "${proxy}=${!proxy}")
	done
	# The machine's own network, so that its resolver and a proxy on it can be reached.
	DOCKER_BUILDKIT=0 docker build --network host --rm --force-rm "${arguments[@]}" "$@" >&2
}

# pack_guest GUEST_TAG PACKAGES_TAG DIR: writes the two files that Incus imports.
pack_guest() {
	local container release
	mkdir -p "$3"
	container=$(docker create --label dev.pikaci.build "$1" true)
	say "packing the guest image"
	# The archive has no entry for the root directory itself: without a mode of its own anybody in a guest could write there.
	docker export "${container}" | docker run --rm -i --label dev.pikaci.build --network none --entrypoint sh "$2" -c '
		sqfstar -root-mode 755 -root-uid 0 -root-gid 0 -quiet -no-progress -comp zstd /tmp/rootfs .dockerenv >&2 && cat /tmp/rootfs' >"$3/rootfs.squashfs"
	release=$(docker run --rm --network none "$1" sh -c '. /etc/os-release; echo "$VERSION_CODENAME"')
	sed -e "s/@ARCHITECTURE@/$(uname -m)/" -e "s/@CREATION_DATE@/$(date +%s)/" -e "s/@RELEASE@/${release}/" \
		"${repository}/host/guest/metadata.yaml.in" >"$3/metadata.yaml"
	tar -C "$3" --owner=0 --group=0 -czf "$3/metadata.tar.gz" metadata.yaml
	rm "$3/metadata.yaml"
}

build_images() {
	local base context packages=pikaci/host-packages:${host_image#*:}
	clear_builds
	base=$(base_image)
	docker image inspect "${guest_image}" >/dev/null 2>&1 || {
		say "building the guest image ${guest_image}"
		build --build-arg "BASE=${base}" --tag "${guest_image}" "${repository}/host/guest"
	}
	docker image inspect "${host_image}" >/dev/null 2>&1 || {
		say "building the host image ${host_image} (about a minute, once)"
		context=$(new_build_dir)
		find "${repository}/host" -maxdepth 1 -type f -exec cp -t "${context}" {} +
		cp -r "${repository}/host/microvm" "${context}"
		build --build-arg "BASE=${base}" --build-arg "MICROVM=${image_has_microvm}" --target packages --tag "${packages}" "${context}"
		pack_guest "${guest_image}" "${packages}" "${context}/guest-image"
		build --build-arg "BASE=${base}" --build-arg "MICROVM=${image_has_microvm}" --tag "${host_image}" "${context}"
	}
	clear_builds
}

host_files() {
	local directory
	for directory in host host/microvm host/microvm/bin; do content_of "${repository}/${directory}"; done
}

# Sets host_image and guest_image, and sees to it that both exist; where `microvm` is `no`, a host image that has nothing for them will do.
ensure_images() {
	local lib=${repository}/scripts/lib origin files
	origin=$(content_hash "${PIKACI_BASE_IMAGE:-$(debian_suite || echo pulled)}" "$(uname -m)" <"${lib}/base-image.sh")
	guest_image=pikaci/guest:$(content_of "${repository}/host/guest" | content_hash "${origin}")
	image_has_microvm=yes
	files=$({ host_files && cat "${lib}/images.sh"; } | sha256sum)
	host_image=pikaci/host:$(content_hash "${origin}" "${guest_image}" <<<"${files}")
	if [ "${microvm:-yes}" = no ] && ! docker image inspect "${host_image}" >/dev/null 2>&1; then
		image_has_microvm=no
		host_image=pikaci/host:$(content_hash "${origin}" "${guest_image}" without-microvm <<<"${files}")
	fi
	docker image inspect "${host_image}" "${guest_image}" >/dev/null 2>&1 ||
		with_lock "$(pikaci_cache_dir)/build.lock" 1800 build_images
}
