# shellcheck shell=sh
# An overlay over the workspace, thrown away with the guest; a copy where its files cannot be the job's, or where directories of an
# overlay could not be renamed and there is not much to copy.
make_writable() {
  [ "$root" = true ] || give_up 'a writable workspace needs root in the guest'
  # A step or an upload before has seen to it, and what was written is to be found.
  IFS= read -r made <"$machine/writable" && [ "$made" = "$workspace" ] && can_write && return
  area=$state/workspace
  read -r _ _ range </proc/self/uid_map
  options=lowerdir=.,upperdir=$area/upper,workdir=$area/work
  [ "$range" = 4294967295 ] || options=$options,userxattr
  mkdir -p "$area/upper" "$area/work" && chown "${uid:-0}:${gid:-0}" "$area/upper"
  if all_owned && { overlay "$options,redirect_dir=on" || { ! is_small && overlay "$options"; }; }; then
    can_write && return
    umount "$workspace" || give_up 'the workspace is not writable, and its overlay cannot be taken away'
  fi
  mkdir -p "$area/copy"
  if ! cp -a "$workspace/." "$area/copy/" 2>"$area/why"; then
    head -c 65536 "$area/why" >&2
    case $(head -c 65536 "$area/why") in
    *'Too many open files'*) give_up 'the workspace can neither be overlaid nor copied: there are too many open files: its share on the host has reached its limit of descriptors, which pikaci doctor looks at' ;;
    *'No space left'* | *'uota exceeded'*) give_up 'the workspace can neither be overlaid nor copied: the disk of the guest is full; give the machine a larger one' ;;
    esac
    give_up 'the workspace can neither be overlaid nor copied'
  fi
  [ "$switch" = none ] || chown -R "$uid:$gid" "$area/copy" || give_up 'the copy of the workspace cannot be given to the user of the job'
  mount -o bind "$area/copy" "$workspace" || give_up 'the workspace can neither be overlaid nor have a copy mounted over it'
  can_write || give_up 'the workspace is not writable, neither as an overlay nor as a copy'
}

# In an open machine a step and an upload may want it at once. A holder that has died has none of it.
make_writable_alone() {
  if [ -z "$step" ] && [ "${is_transfer-}" != yes ]; then
    make_writable
    return
  fi
  started_at self
  printf '%s %s\n' "$pid" "$start" >"$machine/maker.$pid" || give_up_unwritable 'the state directory cannot be written' "$machine"
  tries=3000
  until ln "$machine/maker.$pid" "$machine/maker"; do
    if read -r maker maker_start <"$machine/maker" && ! { started_at "$maker" && [ "$start" = "$maker_start" ]; }; then rm -f "$machine/maker"; fi
    started_at self
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || give_up 'the workspace is being made writable for more than five minutes'
    sleep 0.1
  done
  make_writable
  printf '%s\n' "$workspace" >"$machine/writable"
  rm -f "$machine/maker" "$machine/maker.$pid"
}

# The lower directory is named `.`, so that no character of its path can mean anything in the options.
overlay() { (cd "$workspace" && mount -t overlay overlay -o "$1" "$workspace"); }

# An overlay in a user namespace cannot rename a directory that is below it (EXDEV). What is soon copied is copied there.
is_small() {
  [ "$(find "$workspace" -xdev | head -n 20001 | wc -l)" -le 20000 ] || return
  kib=$(du -skx "$workspace" | head -c 20) && [ -n "${kib%%[!0-9]*}" ] && [ "${kib%%[!0-9]*}" -le 524288 ]
}

# Below an overlay a file keeps its owner: only root can do without owning them all. Staging gives all of a workspace to one user, so its top
# tells; a share of a microVM would hold each file that is looked at.
all_owned() { [ "$switch" = none ] || [ -z "$(find "$workspace" -xdev -maxdepth 1 ! -user "$uid" -print | head -c 1)" ]; }

# Writes a new file and opens an existing one for writing, as the user of the job.
# shellcheck disable=SC2016 # the text is for another shell
can_write() {
  as_user sh -c '
    cd "$1" && probe=.pikaci-probe-$$ && echo probe >"$probe" && rm "$probe" || exit 1
    file=$(find . -xdev -type f -perm -200 ! -path "*
*" 2>/dev/null | head -n 1)
    [ -z "$file" ] || [ ! -f "$file" ] || true >>"$file"' sh "$workspace"
}
