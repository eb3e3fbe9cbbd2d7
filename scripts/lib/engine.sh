# shellcheck shell=bash
# Finds a docker engine that answers, or starts one.

engine_dir() { printf '%s/engine' "$(pikaci_state_dir)"; }

# The engine's command line. Someone who is not in its group reaches it through sudo.
docker_command=(docker)
docker() { command "${docker_command[@]}" "$@"; }
docker_within() { timeout "$1" "${docker_command[@]}" "${@:2}"; }

engine_answers() {
	command -v docker >/dev/null || return 1
	timeout 10 docker version >/dev/null 2>&1 && return
	[ "$(id -u)" -ne 0 ] && timeout 10 sudo -n docker version >/dev/null 2>&1 && docker_command=(sudo docker)
}

# runs_as PID NAME: a zombie has a name but no executable any more.
runs_as() { [ "$(as_root readlink "/proc/$1/exe" 2>/dev/null | sed 's|.*/||; s| (deleted)$||')" = "$2" ]; }

# A daemon that was killed leaves its pid file behind, and that of the containerd it ran. Should such a pid be in use by something
# else, or belong to a zombie, then the next daemon refuses to start, or waits for a containerd that is no more.
forget_dead_engine() {
	local name pidfile pid
	for name in dockerd containerd; do
		pidfile=/var/run/docker.pid
		[ "${name}" = dockerd ] || pidfile=/var/run/docker/containerd/containerd.pid
		pid=$(as_root cat "${pidfile}" 2>/dev/null) || continue
		runs_as "${pid}" "${name}" || as_root rm -f "${pidfile}"
	done
}

# Packets larger than the machine's own way out would be dropped or broken up.
default_route_mtu() {
	local device
	device=$(awk '$2 == "00000000" { print $1; exit }' /proc/net/route)
	cat "/sys/class/net/${device:-lo}/mtu" 2>/dev/null || echo 1500
}

# await_engine SECONDS [PIDFILE]: gives up early when the daemon named by PIDFILE has died.
await_engine() {
	local deadline=$((SECONDS + $1))
	until engine_answers; do
		[ "${SECONDS}" -lt "${deadline}" ] || return 1
		[ ! -s "${2:-}" ] || [ -d "/proc/$(cat "$2")" ] || return 1
		sleep 0.2
	done
}

launch_dockerd() {
	local dir mtu
	dir=$(engine_dir)
	mtu=$(default_route_mtu)
	mkdir -p "${dir}"
	forget_dead_engine
	rm -f "${dir}/dockerd.pid"
	say "starting dockerd, its log is ${dir}/dockerd.log"
	[ "${mtu}" -le 1500 ] || mtu=1500
	# shellcheck disable=SC2016 # expanded by the inner shell
	as_root setsid --fork sh -c 'echo $$ >"$1/dockerd.pid"; exec dockerd --mtu "$2" >"$1/dockerd.log" 2>&1' \
		dockerd "${dir}" "${mtu}" </dev/null >/dev/null 2>&1 9>&-
	await_engine 60 "${dir}/dockerd.pid"
}

# The second try is for a predecessor that was still dying during the first.
start_engine() {
	launch_dockerd || launch_dockerd || die "dockerd does not answer: $(tail -n 5 "$(engine_dir)/dockerd.log" 2>/dev/null)"
}

ensure_engine_locked() {
	engine_answers && return
	as_root true # says so here if that cannot be
	[ -z "${DOCKER_HOST:-}" ] || die "no docker engine answers at DOCKER_HOST=${DOCKER_HOST}"
	command -v dockerd >/dev/null || [ -x /usr/sbin/dockerd ] || install_packages docker.io
	# With systemd the package starts the daemon by itself.
	if [ -d /run/systemd/system ]; then
		as_root systemctl start docker >&2 || true
		await_engine 30 && return
	fi
	start_engine
}

ensure_engine() {
	engine_answers && return
	with_lock "$(engine_dir)/lock" 600 ensure_engine_locked
	engine_answers || die "the docker engine does not answer"
}

# Ends the daemon only if these scripts started it.
stop_engine() {
	local pidfile pid
	pidfile=$(engine_dir)/dockerd.pid
	pid=$(cat "${pidfile}" 2>/dev/null) || return 0
	if runs_as "${pid}" dockerd; then
		say "stopping the dockerd that was started here (pid ${pid})"
		as_root kill -TERM "${pid}"
		timeout 60 tail --pid="${pid}" -f /dev/null || die "dockerd (pid ${pid}) did not end within 60 s"
	fi
	rm -f "${pidfile}"
}
