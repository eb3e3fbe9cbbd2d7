# shellcheck shell=bash disable=SC2154
# One disposable host: its container, its state directory, and the line that describes it.
# `name`, `members` and `labels` are set by the caller, `host_image` and `guest_image` by ensure_images.

label=dev.pikaci.host
host_container() { printf 'pikaci-host-%s' "${name}"; }
host_dir() { printf '%s/hosts/%s' "$(pikaci_state_dir)" "${name}"; }

# Not only alive: ready for jobs, and made of the present image.
is_running() {
	[ "$(docker inspect -f '{{.State.Running}}' "$(host_container)" 2>/dev/null)" = true ] &&
		docker_within 20 exec "$(host_container)" test -e /run/pikaci-host/ready
}
is_current() { [ "$(docker inspect -f '{{.Config.Image}}' "$(host_container)" 2>/dev/null)" = "${host_image}" ]; }

# start_container CONTAINER FLAG…: does not wait.
start_container() {
	local run_flags container=$1 own
	shift
	read_run_flags
	for own in "${labels[@]}"; do run_flags+=(--label "${own}"); done
	docker run --detach --name "${container}" --hostname "${container}" --label "${label}=${name}" --label "dev.pikaci.members=${members:-1}" \
		--label "dev.pikaci.guest=${guest_image}" --label "dev.pikaci.microvm=${image_has_microvm}" "${run_flags[@]}" "$@" "${host_image}" >/dev/null
}

await_ready() {
	# The wait runs inside the container: it ends with the container, should that die.
	docker_within 120 exec "$1" sh -c 'until [ -e /run/pikaci-host/ready ]; do sleep 0.05; done' || {
		docker logs --tail 60 "$1" >&2
		die "the host did not become ready; its log is above, and it is left for inspection (scripts/host down removes it)"
	}
}

start_host() {
	remove_containers
	say "starting the host $(host_container)"
	start_container "$(host_container)" --publish 127.0.0.1::22 --publish 127.0.0.1::8443
	await_ready "$(host_container)"
}

# All of this name: members of a cluster are more than one. The volumes are the containers' own and go with them.
remove_containers() {
	local found
	mapfile -t found < <(docker ps --all --quiet --filter "label=${label}=${name}")
	[ "${#found[@]}" -eq 0 ] || docker rm --force --volumes "${found[@]}" >/dev/null
	remove_cluster_network
}

published_port() { docker port "$(host_container)" "$1/tcp" | sed -n 's/^127\.0\.0\.1://p' | head -n 1; }

# Fetches the keys that the host made for its clients, and writes a known_hosts file that strict checking accepts.
write_identity() {
	local dir port file
	dir=$(host_dir)
	port=$(published_port 22)
	mkdir -p "${dir}"
	chmod 700 "${dir}"
	for file in id_ed25519 client.key client.crt server.crt ssh_host_key.pub; do
		(umask 077 && docker exec "$(host_container)" cat "/run/pikaci-host/${file}" >"${dir}/${file}.new")
		mv -f "${dir}/${file}.new" "${dir}/${file}"
	done
	{
		printf '[127.0.0.1]:%s %s\n' "${port}" "$(cut -d ' ' -f 1,2 "${dir}/ssh_host_key.pub")"
		known_members
	} >"${dir}/known_hosts"
}

# Where the host's microVM runner is; on other processors there is none, nor in a host that was made without.
microvm_runner() {
	[ "$(uname -m)" = x86_64 ] || return 0
	[ "$(docker inspect -f '{{index .Config.Labels "dev.pikaci.microvm"}}' "$(host_container)")" != no ] || return 0
	printf '%s\n' microvmRunner s /opt/pikaci/microvm-runner
}

describe() {
	local dir guest microvm
	mapfile -t microvm < <(microvm_runner)
	dir=$(host_dir)
	guest=$(docker inspect -f '{{index .Config.Labels "dev.pikaci.guest"}}' "$(host_container)")
	json_object host s 127.0.0.1 port r "$(published_port 22)" user s root \
		identityFile s "${dir}/id_ed25519" knownHostsFile s "${dir}/known_hosts" \
		project s pikaci profile s pikaci image s pikaci/dev workDir s /var/tmp/pikaci "${microvm[@]}" \
		sudoUser s sudoer httpsUrl s "https://127.0.0.1:$(published_port 8443)" \
		clientCertFile s "${dir}/client.crt" clientKeyFile s "${dir}/client.key" serverCertFile s "${dir}/server.crt" \
		name s "${name}" container s "$(host_container)" members r "$(describe_members)" \
		hostDockerImage s "$(docker inspect -f '{{.Config.Image}}' "$(host_container)")" guestDockerImage s "${guest}" "$@"
}

host_up() {
	ensure_images
	if is_running && is_current && has_members; then
		say "the host $(host_container) is running already"
	elif [ "${members:-1}" -gt 1 ]; then
		start_cluster
	else
		start_host
	fi
	write_identity
	describe running r true
}

host_down() {
	remove_containers
	rm -rf "$(host_dir)"
	say "the host $(host_container) is gone"
}

host_status() {
	if is_running; then
		describe running r true
	else
		json_object name s "${name}" container s "$(host_container)" running r false
	fi
}
