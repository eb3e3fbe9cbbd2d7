# shellcheck shell=sh
# An overlay over the workspace, thrown away with the guest; where its files cannot be the job's, a copy.
make_writable() {
  [ "$root" = true ] || give_up 'a writable workspace needs root in the guest'
  # A step before has seen to it, and what it has written is to be found.
  [ -n "$step" ] && IFS= read -r made <"$machine/writable" && [ "$made" = "$workspace" ] && can_write && return
  area=$state/workspace
  read -r _ _ range </proc/self/uid_map
  options=lowerdir=.,upperdir=$area/upper,workdir=$area/work
  [ "$range" = 4294967295 ] || options=$options,userxattr
  mkdir -p "$area/upper" "$area/work" && chown "${uid:-0}:${gid:-0}" "$area/upper"
  # The lower directory is named `.`, so that no character of its path can mean anything in the options.
  if all_owned && (cd "$workspace" && mount -t overlay overlay -o "$options" "$workspace"); then
    can_write && return
    umount "$workspace" || give_up 'the workspace is not writable, and its overlay cannot be taken away'
  fi
  mkdir -p "$area/copy"
  cp -a "$workspace/." "$area/copy/" || give_up 'the workspace can neither be overlaid nor copied'
  [ "$switch" = none ] || chown -R "$uid:$gid" "$area/copy" || give_up 'the copy of the workspace cannot be given to the user of the job'
  mount -o bind "$area/copy" "$workspace" || give_up 'the workspace can neither be overlaid nor have a copy mounted over it'
  can_write || give_up 'the workspace is not writable, neither as an overlay nor as a copy'
}

# Below an overlay a file keeps its owner: only root can do without owning them all.
all_owned() { [ "$switch" = none ] || [ -z "$(find "$workspace" -xdev ! -user "$uid" -print | head -n 1)" ]; }

# Writes a new file and opens an existing one for writing, as the user of the job.
# shellcheck disable=SC2016 # the text is for another shell
can_write() {
  as_user sh -c '
    cd "$1" && probe=.pikaci-probe-$$ && echo probe >"$probe" && rm "$probe" || exit 1
    file=$(find . -xdev -type f -perm -200 ! -path "*
*" 2>/dev/null | head -n 1)
    [ -z "$file" ] || [ ! -f "$file" ] || true >>"$file"' sh "$workspace"
}
