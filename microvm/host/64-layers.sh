# shellcheck shell=sh
# Layers: what the setup of a template has changed, as the scratch disk of the machine in which it ran. Each is a directory of its own below
# WORKDIR/cache/layers, with `config`, one line that the runner makes sense of, and the disks, `0.img` the lowest: those of a template that
# this one is made from are the same files. It appears by one rename, complete, and no disk of it is written any more. The
# file systems on the disks are the guest's to mount: nothing here looks into them.
most_layers=8

layer_at() { # layer_at WORKDIR NAME
  case $1 in /*) ;; *) refuse 64 usage 'a work directory is an absolute path' ;; esac
  work=$1
  volumes=$work/cache/layers
  volume=$2
  kind=layer
  case $volume in
  pikaci-*[!0-9a-f]* | pikaci-) refuse 64 usage 'a layer is called pikaci- and hexadecimal digits' ;;
  pikaci-*) ;;
  *) refuse 64 usage 'a layer is called pikaci- and hexadecimal digits' ;;
  esac
}

# Names of those that machines have below them, each with a space around it.
layers_in_use() {
  printf ' '
  sources "$work" | tr '\0' '\n' | sed -n "s|^.*/cache/layers/\(pikaci-[0-9a-f]*\)\$|\1|p" | tr '\n' ' '
}

print_layer() { # print_layer NAME
  config=
  { IFS= read -r config <"$volumes/$1/config"; } 2>/dev/null
  [ -n "$config" ] || return 1
  kib=$(du -sk "$volumes/$1" 2>/dev/null) || return 1
  printf '%s %s %s %s\n' "$1" "$(is_in_use "$1")" "${kib%%[!0-9]*}" "$config"
}

# layers WORKDIR: a line for each: name, 1 when a machine has it, what it takes in KiB, and its config. What killed calls have left is removed.
layers() {
  [ -d "$volumes" ] || return 0
  find "$volumes" -mindepth 1 -maxdepth 1 -name '.*' -mmin +60 -exec rm -rf {} +
  used=$(layers_in_use)
  for directory in "$volumes"/pikaci-*; do print_layer "${directory##*/}"; done
  return 0
}

# layer WORKDIR NAME JOBDIR: `ready` and its line; or else `making`, the lease and the owner of the machine in JOBDIR, in which it is being
# made, on lines of their own; or `absent`. Looked for once more at the end, since a maker removes its machine behind what it has made.
layer() {
  used=$(layers_in_use)
  ! line=$(print_layer "$volume") || { printf 'ready\n%s\n' "$line"; return; }
  if [ -d "$vm" ]; then
    printf 'making\n'
    lease
  elif line=$(print_layer "$volume"); then
    printf 'ready\n%s\n' "$line"
  else
    printf 'absent\n'
  fi
}

# layer-keep WORKDIR NAME JOBDIR CONFIG OWNER: makes it of the disk of OWNER's machine in JOBDIR, which must have ended by itself behind a setup
# that passed. Its own disk alone is moved: what the guest writes has no say in which file that is.
layer_keep() {
  acquisition
  [ "$acquired" = "$2" ] || refuse 66 not_found "the machine in $job is another one by now"
  look
  [ "$state" = ended ] || refuse 75 running "the machine in $job is not off"
  reason=
  { read -r reason <"$vm/reason"; } 2>/dev/null
  { [ "$reason" = 'exit 0' ] && (view has_kept_layer "$job"); } ||
    refuse 70 not_clean "the machine did not say that its disk may be kept (${reason:-killed}); the end of its console: $(end_of_console 1000 | tr -cd '\n -~')"
  is_file "$vm/scratch.img" || refuse 70 no_disk "the runner has left no scratch.img in $vm: see \"Layers\" in microvm/README.md"
  lock_volumes
  [ ! -e "$volumes/$volume" ] || refuse 75 already_exists "there is a layer $volume already"
  new=$volumes/.new-$volume.$$
  rm -rf "$new"
  why=$(fill_layer "$1" 2>&1) && mv -T "$new" "$volumes/$volume" || {
    rm -rf "$new"
    refuse 70 setup "the layer $volumes/$volume cannot be made: $(printf '%s' "$why" | tail -n 1)"
  }
}

has_kept_layer() { is_roots artifacts/.pikaci/layer; } # inside the view

# Whatever the host does after this, what is there is whole.
fill_layer() { # fill_layer CONFIG
  mkdir -m 0700 "$new" || return
  number=0
  parent=
  { read -r parent <"$vm/layer"; } 2>/dev/null
  if [ -n "$parent" ]; then
    while [ -f "$volumes/$parent/$number.img" ]; do
      ln "$volumes/$parent/$number.img" "$new/$number.img" || return
      number=$((number + 1))
    done
    [ "$number" -gt 0 ] || { printf 'the layer %s, on which it stands, is gone\n' "$parent"; return 1; }
  fi
  [ "$number" -lt "$most_layers" ] || { printf 'no more than %s templates can stand on each other\n' "$most_layers"; return 1; }
  mv "$vm/scratch.img" "$new/$number.img" && chmod 0400 "$new/$number.img" && printf '%s\n' "$1" >"$new/config" &&
    sync "$new/$number.img" "$new/config" "$new"
}

# layer-remove WORKDIR NAME OLD: if its config still is OLD. A machine that has it keeps it until it ends.
layer_remove() {
  [ -d "$volumes/$volume" ] || no_such_volume "$volume"
  lock_volumes
  config=
  { IFS= read -r config <"$volumes/$volume/config"; } 2>/dev/null
  [ "$config" = "$1" ] || refuse 65 stale "the layer $volume was changed meanwhile"
  gone=$volumes/.gone-$volume.$$
  mv -T "$volumes/$volume" "$gone" 2>/dev/null || no_such_volume "$volume"
  unlock_volumes
  rm -rf "$gone" || refuse 70 setup "$gone cannot be removed"
}

# runner WORKDIR RUNNER: what names its content, in hexadecimal digits; then a line with what its file `features` says, and one whether
# removed blocks can be given back to the file system of the work directory, `yes` or `no`. Files that have not changed are not read again.
runner() {
  work=$1
  [ -x "$2/bin/microvm-run" ] || refuse 66 runner_missing "there is no program $2/bin/microvm-run"
  place=$(readlink -f "$2")
  case $place in
  # What lies there never changes.
  /nix/store/*) identity=$(printf '%s' "$place" | sha256sum) ;;
  *)
    known=$work/cache/microvm/runner-$(find -L "$place" -printf '%P %y %s %T@ %C@ %i %D\n' 2>/dev/null | sort | sha256sum | cut -c -64)
    { read -r identity <"$known"; } 2>/dev/null || identity=
    if [ -z "$identity" ]; then
      identity=$(cd "$place" && timeout 300 find -L . -type f -print0 | sort -z | xargs -0 sha256sum | sha256sum)
      mkdir -p "$work/cache/microvm" && printf '%s\n' "$identity" >"$known.$$" && mv -f "$known.$$" "$known" ||
        refuse 70 setup "$known cannot be written"
    fi
    ;;
  esac
  printf '%s\n%s\n' "${identity%% *}" "$({ tr -cs 'a-z-' ' ' <"$place/features"; } 2>/dev/null)"
  hole=$work/cache/microvm/.hole.$$
  if mkdir -p "$work/cache/microvm" && printf x >"$hole" && fallocate --punch-hole --offset 0 --length 4096 "$hole"; then echo yes; else echo no; fi 2>/dev/null
  rm -f "$hole"
}
