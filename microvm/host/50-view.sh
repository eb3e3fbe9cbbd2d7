# shellcheck shell=sh
# view CALL…: runs CALL in a mount namespace in which what a guest has written is read-only, no link in it is followed and no device
# in it is opened. It appears under vm/view as it was in the guest.
view() {
  [ -d "$vm/view" ] || return 1
  exec unshare --mount --propagation private /bin/sh "$0" inside "$@"
}

inside() {
  for pair in "$artifacts:artifacts" "$exported:workspace/snapshot" "$calls:calls"; do
    [ -d "${pair%%:*}" ] || continue
    mount --bind -- "${pair%%:*}" "$vm/view/${pair##*:}" &&
      mount -o remount,bind,ro,nodev,nosuid,noexec,nosymfollow "$vm/view/${pair##*:}" ||
      refuse 70 setup 'what the guest has left cannot be looked at safely: mount needs the option nosymfollow (Linux 5.10, util-linux 2.38)'
  done
  cd "$vm/view" || refuse 70 setup "there is no $vm/view"
}
