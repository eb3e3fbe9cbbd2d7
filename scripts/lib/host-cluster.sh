# shellcheck shell=bash disable=SC2154
# A cluster of disposable hosts: the host itself is its first member, m1, and each other is a container of its own beside it, on a network
# where each has an address. `name` and `members` are set by the caller.

cluster_network() { printf 'pikaci-host-%s' "${name}"; }
member_container() { if [ "$1" -eq 1 ]; then host_container; else printf '%s-m%s' "$(host_container)" "$1"; fi; }

# How many members were started, whether they run or not; 1 for a host without a cluster.
started_members() {
	local count
	count=$(docker inspect -f '{{index .Config.Labels "dev.pikaci.members"}}' "$(host_container)" 2>/dev/null) || count=''
	printf '%s' "${count:-1}"
}

# Whether there are as many as are asked for, and all run. Nothing asked for is what there is.
has_members() {
	local wanted number
	wanted=$(started_members)
	[ -z "${members}" ] || [ "${members}" = "${wanted}" ] || return 1
	for ((number = 2; number <= wanted; number++)); do
		[ "$(docker inspect -f '{{.State.Running}}' "$(member_container "${number}")" 2>/dev/null)" = true ] || return 1
	done
}

member_address() {
	docker inspect -f "{{with index .NetworkSettings.Networks \"$(cluster_network)\"}}{{.IPAddress}}{{end}}" "$(member_container "$1")"
}

remove_cluster_network() {
	[ -z "$(docker network ls --quiet --filter "label=${label}=${name}")" ] || docker network rm "$(cluster_network)" >/dev/null
}

start_cluster() {
	local number own network=()
	remove_containers
	for own in "${labels[@]}"; do network+=(--label "${own}"); done
	docker network create --label "${label}=${name}" "${network[@]}" "$(cluster_network)" >/dev/null
	say "starting a cluster of ${members} hosts: $(host_container)"
	start_container "$(host_container)" --network "$(cluster_network)" --publish 127.0.0.1::22 --publish 127.0.0.1::8443
	# The key by which all members are reached is that of the first.
	own=$(docker_within 60 exec "$(host_container)" sh -c 'until [ -s /run/pikaci-host/id_ed25519.pub ]; do sleep 0.05; done; cat /run/pikaci-host/id_ed25519.pub')
	for ((number = 2; number <= members; number++)); do
		start_container "$(member_container "${number}")" --network "$(cluster_network)" \
			--env PIKACI_HOST_JOINS=yes --env "PIKACI_HOST_AUTHORIZED_KEY=${own}"
	done
	await_ready "$(host_container)"
	# All members show one certificate, which is made now.
	docker exec "$(host_container)" sh -c 'incus config set core.https_address "$1:8443" && incus cluster enable m1 &&
		cp /var/lib/incus/cluster.crt /run/pikaci-host/server.crt' sh "$(member_address 1)" >&2
	for ((number = 2; number <= members; number++)); do join_cluster "${number}"; done
}

# A daemon that joins gets pool, network, project, profile and image from the others; only the size of its own part of the pool is its own.
join_cluster() {
	local number=$1 token
	await_ready "$(member_container "${number}")"
	token=$(docker exec "$(host_container)" incus cluster add "m${number}" --quiet | tail -n 1)
	docker exec --interactive "$(member_container "${number}")" incus admin init --preseed >&2 <<-PRESEED || die "m${number} did not join the cluster"
		cluster:
		  enabled: true
		  server_name: m${number}
		  server_address: $(member_address "${number}"):8443
		  cluster_token: ${token}
		  member_config: $(pool_of_member)
	PRESEED
}

# A pool of plain directories has no size.
pool_of_member() {
	local driver
	driver=$(docker exec "$(host_container)" incus storage list --format csv --columns nD | sed -n 's/^fast,//p')
	if [ "${driver}" = dir ]; then
		printf '[]'
	else
		printf '[{entity: storage-pool, name: fast, key: size, value: %s}]' "${PIKACI_HOST_POOL_SIZE:-8GiB}"
	fi
}

# Lines of a known_hosts file: one for the address of each member.
known_members() {
	local number count
	count=$(started_members)
	[ "${count}" -gt 1 ] || return 0
	for ((number = 1; number <= count; number++)); do
		printf '%s %s\n' "$(member_address "${number}")" \
			"$(docker exec "$(member_container "${number}")" cut -d ' ' -f 1,2 /run/pikaci-host/ssh_host_key.pub)"
	done
}

# The members as JSON, the host itself among them; none for a host without a cluster.
describe_members() {
	local number count separator=''
	count=$(started_members)
	printf '['
	if [ "${count}" -gt 1 ]; then
		for ((number = 1; number <= count; number++)); do
			printf '%s%s' "${separator}" \
				"$(json_object name s "m${number}" address s "$(member_address "${number}")" container s "$(member_container "${number}")")"
			separator=,
		done
	fi
	printf ']'
}
