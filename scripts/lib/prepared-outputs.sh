# shellcheck shell=bash
# Puts prepared outputs on a host: directories that say in share/pikaci/payload-manifest.json where a guest mounts them.
# The caller sets host_json, the line that `scripts/host up` prints.

# shellcheck disable=SC2154 # host_json: see above
host_field() { node -e 'process.stdout.write(String(JSON.parse(process.argv[1])[process.argv[2]]))' "${host_json}" "$1"; }

on_host() {
	ssh -F none -o BatchMode=yes -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile="$(host_field knownHostsFile)" \
		-i "$(host_field identityFile)" -p "$(host_field port)" "$(host_field user)@$(host_field host)" "$@"
}

# publish_output NAME KEY GUEST_PATH DIRECTORY: DIRECTORY's content becomes the output NAME-KEY, whole or not at all, and its path
# is printed. NAME, KEY and GUEST_PATH are this project's own words.
publish_output() {
	local name=$1 key=$2 guest_path=$3 directory=$4 output
	output=$(host_field workDir)/prepared/${name}-${key}
	if ! on_host test -e "${output}"; then
		say "putting ${name} on the host as a prepared output"
		on_host "rm -rf ${output}.unfinished && mkdir -p ${output}.unfinished/root ${output}.unfinished/share/pikaci"
		tar -C "${directory}" --mode=a+rX -c . | on_host "tar -C ${output}.unfinished/root -x --no-same-owner"
		printf '{"schema_version":1,"kind":"%s_v1","mounts":[{"name":"%s_root","relative_path":"root","guest_path":"%s","read_only":true}]}\n' \
			"${name}" "${name}" "${guest_path}" | on_host "cat >${output}.unfinished/share/pikaci/payload-manifest.json"
		on_host "mv ${output}.unfinished ${output}"
	fi
	printf '%s\n' "${output}"
}

# A Node whose binary needs no library of this machine's own: the one in PATH, or the registry's.
portable_node() {
	local node
	node=$(node -p process.execPath)
	if ldd "${node}" 2>/dev/null | grep -vqE 'linux-vdso|ld-linux|lib(dl|stdc\+\+|m|gcc_s|pthread|c|rt|atomic)\.so'; then
		local dir
		dir=$(pikaci_cache_dir)/node-24
		with_lock "${dir}.lock" 900 fetch_node "${dir}"
		node=${dir}/node_modules/node/bin/node
	fi
	realpath "${node}"
}

# Sets prepared_json: where Node and the npm packages of this checkout are on the host.
publish_node_and_packages() {
	local node staged node_output packages_output
	node=$(portable_node)
	staged=$(mktemp -d)
	mkdir -p "${staged}/bin"
	ln "${node}" "${staged}/bin/node" 2>/dev/null || cp "${node}" "${staged}/bin/node"
	node_output=$(publish_output node "$(sha256sum "${node}" | cut -c1-12)" /opt/node "${staged}")
	rm -rf "${staged}"
	packages_output=$(publish_output npm-packages "$(sha256sum package-lock.json | cut -c1-12)" /workspace/node_modules node_modules)
	# shellcheck disable=SC2034 # for the caller
	prepared_json=$(json_object node s "${node_output}" packages s "${packages_output}")
}
