/**
 * What a machine tries to reach, as its steps would: a line for the network, and one for each address that it is set to use, each with tabs between its
 * fields. Whatever hangs is bounded, and all of it is tried at once. Addresses are those of the variables of package managers, and of the files that
 * machines inherit.
 *
 *     network  KIND  RESOLVERS
 *     address  NAME  URL  NAMES  TOOL  CODE  SAID
 *
 * KIND is `none` or `yes`; NAMES how the host's name was looked up (`-` where it was not); CODE as curl has it: 0, or 6 (no such name), 60 (a
 * certificate that is not trusted), 35 (no TLS) and others.
 */
export const REACH_SCRIPT = String.raw`
has() { command -v "$1" >/dev/null 2>&1; }
device() { for at in /sys/class/net/*; do case $at in */lo | '/sys/class/net/*') ;; *) return 0 ;; esac; done; return 1; }
address() {
  while read -r name _; do case $name in Iface | lo) ;; *) return 0 ;; esac; done </proc/net/route
  [ -r /proc/net/if_inet6 ] || return 1
  while read -r _ _ _ scope _ name; do case $scope/$name in 00/lo) ;; 00/*) return 0 ;; esac; done </proc/net/if_inet6
  return 1
}
kind=none tries=50
if device; then
  until address; do tries=$((tries - 1)); [ "$tries" -gt 0 ] || break; sleep 0.1; done
  ! address || kind=yes
fi
printf 'network\t%s\t%s\n' "$kind" "$(grep -c '^nameserver' /etc/resolv.conf 2>/dev/null)"
[ "$kind" = yes ] || exit 0

look_up() { # HOST
  case $1 in *[!0-9.]*) ;; *) echo -; return ;; esac
  case $1 in \[*) echo -; return ;; esac
  has getent && has timeout || { echo -; return; }
  timeout 8 getent hosts "$1" >/dev/null 2>&1
  echo "$?"
}
get() { # URL; sets tool, code, said
  if has curl; then
    tool=curl
    said=$(curl -sS -o /dev/null --connect-timeout 8 --max-time 12 -w '%{http_code}' "$1" 2>&1)
    code=$?
  elif has python3; then
    tool=python3
    said=$(timeout 15 python3 -c 'import sys, socket, ssl, urllib.error, urllib.request
try: print(urllib.request.urlopen(sys.argv[1], timeout=10).status)
except urllib.error.HTTPError as error: print(error.code)
except urllib.error.URLError as error:
    why = error.reason
    print(why)
    sys.exit(60 if isinstance(why, ssl.SSLCertVerificationError) else 35 if isinstance(why, ssl.SSLError) else 6 if isinstance(why, socket.gaierror) else 7)
except Exception as error: print(error); sys.exit(7)' "$1" 2>&1)
    code=$?
  elif has node; then
    tool=node
    said=$(timeout 15 node -e 'fetch(process.argv[1]).then(
  (answer) => { console.log(answer.status); process.exit(0); },
  (error) => {
    const { code = error.name, message = error.message } = error.cause ?? {};
    console.log(code + " " + message);
    process.exit(/ENOTFOUND|EAI_AGAIN/.test(code) ? 6 : /CERT|SIGNED|ISSUER|SIGNATURE/.test(code) ? 60 : 7);
  })' "$1" 2>&1)
    code=$?
  elif has wget && wget --version 2>/dev/null | grep -q GNU; then
    tool=wget
    said=$(timeout 15 wget -nv -O /dev/null --tries=1 --timeout=10 "$1" 2>&1)
    code=$?
    case $code in 8) code=0 ;; 5) code=60 ;; 4) code=7 ;; esac
  else tool=none code=0 said=; fi
}
reach() { # NAME URL
  place=${'$'}{2#*://}
  place=${'$'}{place%%[/?#]*}
  place=${'$'}{place##*@}
  case $place in *]) ;; *) place=${'$'}{place%:*} ;; esac
  names=$(look_up "$place")
  get "$2"
  said=$(printf '%s\n' "$said" | head -n 1 | tr -d '\t\r' | head -c 300)
  printf 'address\t%s\t%s\t%s\t%s\t%s\t%s\n' "$1" "$2" "$names" "$tool" "$code" "$said"
}
{
  for name in npm_config_registry NPM_CONFIG_REGISTRY PIP_INDEX_URL PIP_EXTRA_INDEX_URL UV_DEFAULT_INDEX UV_INDEX UV_INDEX_URL \
    UV_EXTRA_INDEX_URL GOPROXY $(env | sed -n 's/^\(CARGO_REGISTRIES_[A-Z0-9_]*_INDEX\)=.*/\1/p'); do
    eval "value=\${$name-}"
    [ -z "$value" ] || printf '%s\n' "$value" | tr ' ,|' '\n\n\n' | sed "s/^/$name /"
  done
  sed -n 's/^registry = "\(.*\)"$/cargo \1/p' /.cargo/config.toml 2>/dev/null
  sed -n 's/^Acquire::https*::Proxy[^"]*"\(.*\)";$/apt \1/p' /etc/apt/apt.conf.d/90pikaci-inherited 2>/dev/null
} | sed -e 's/ [A-Za-z0-9_.-]*=/ /' -e 's/ sparse+/ /' | grep ' https*://' | sort -u | head -n 16 | {
  while read -r name url; do reach "$name" "$url" & done
  wait
}
exit 0
`;
