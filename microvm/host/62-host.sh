# shellcheck shell=sh
# link JOBDIR RUNNER: the runtime link, replaced by one rename.
link() {
  ln -s -- "$1" "$vm/runner.new.$$" && mv -fT "$vm/runner.new.$$" "$vm/runner" || refuse 70 setup "the link $vm/runner cannot be made"
}

# check: whether machines can be looked after here; the host's time in ms since the epoch, how many files a share daemon may hold, and whether files
# here share their blocks with their copies.
check() {
  [ "$(id -u)" = 0 ] || refuse 77 not_root 'microVMs are started by root, so that owners of files are the same inside and outside'
  for tool in base64 cp dd du find flock mount sed setsid stat tail tar timeout unshare; do
    command -v "$tool" >/dev/null || refuse 69 tool_missing "there is no $tool"
  done
  unshare --mount --propagation private sh -c '
    mount --bind "$1" "$1" && mount -o remount,bind,ro,nodev,nosuid,noexec,nosymfollow "$1"' sh "$here" ||
    refuse 69 mounts_refused 'a directory cannot be mounted with nosymfollow (Linux 5.10, util-linux 2.38)'
  date +%s%3N
  raise_descriptors
  # shellcheck disable=SC3045 # dash, bash and busybox have it
  printf 'descriptors %s\n' "$(ulimit -n)"
  if cp --reflink=always "$0" "$here/reflink.$$" 2>/dev/null; then printf 'reflink yes\n'; else printf 'reflink no\n'; fi
  rm -f "$here/reflink.$$"
}
