# shellcheck shell=bash
# Sees to it that `node` and `npm` in PATH are good enough for this project: Node 20.19 or later.

node_is_new_enough() {
	command -v node >/dev/null && command -v npm >/dev/null &&
		node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)'
}

# The registry's package `node` brings Node's own binary, so an old Node with its npm is enough to get a new one.
fetch_node() {
	local target=$1 unfinished=$1.unfinished
	[ ! -x "${target}/node_modules/node/bin/node" ] || return 0
	{ command -v npm && command -v node; } >/dev/null || install_packages nodejs npm
	say "fetching Node for this project into ${target}"
	rm -rf "${unfinished}" "${target}"
	mkdir -p "${unfinished}"
	npm install --prefix "${unfinished}" --no-audit --no-fund --loglevel=error node@24 npm@11 >&2
	[ -x "${unfinished}/node_modules/node/bin/node" ] || die "the npm package \"node\" has no binary for this machine"
	mv "${unfinished}" "${target}"
}

# Changes PATH of the calling shell, and nothing else on the machine, beyond Debian's nodejs and npm where there was no Node.
ensure_node() {
	local dir
	node_is_new_enough && return
	dir=$(pikaci_cache_dir)/node-24
	with_lock "${dir}.lock" 900 fetch_node "${dir}"
	PATH=${dir}/node_modules/node/bin:${dir}/node_modules/.bin:${PATH}
	export PATH
	hash -r
	node_is_new_enough || die "Node 20.19 or later is needed, and could not be fetched"
}
