# shellcheck shell=bash
# What this machine's own Debian has to offer: its suite, its mirrors, and how apt is told to reach them.

# The suites known to carry what the host needs: bookworm through its backports, the later ones by themselves.
debian_suite() {
	local ID='' VERSION_CODENAME=''
	# shellcheck source=/dev/null
	. /etc/os-release
	case ${ID}:${VERSION_CODENAME} in
	debian:bookworm | debian:trixie | debian:forky) printf '%s' "${VERSION_CODENAME}" ;;
	*) return 1 ;;
	esac
}

# debian_sources SUITE: sources.list lines for the suite, its updates and its security updates, as the machine has them.
# Nothing is printed before apt has fetched its lists once.
debian_sources() {
	# shellcheck disable=SC2016 # the dollar signs are apt's
	apt-get indextargets --format '$(CODENAME) $(REPO_URI) $(COMPONENT)' 'Created-By: Packages' |
		awk -v suite="$1" '
			($1 == suite || $1 == suite "-updates" || $1 == suite "-security") && $3 == "main" && !seen[$1 $2]++ {
				print "deb", $2, $1, $3
			}'
}

# debian_mirror SUITE: the URI that the suite itself comes from.
debian_mirror() { debian_sources "$1" | awk -v suite="$1" '$3 == suite { print $2; exit }'; }

# Proxies, and leniency about dates on a machine whose clock or mirror is off.
debian_apt_conf() { apt-config dump | grep -E '^Acquire::(Check-Date|Check-Valid-Until|Retries|https?)\b' || true; }
