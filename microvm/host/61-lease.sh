# shellcheck shell=sh
# lease-swap OLD NEW: compares and writes under a lock, so that of two writers one learns that it lost.
lease_swap() {
  [ -d "$vm/control" ] || refuse 66 not_found "there is no machine in $job"
  exec 9>>"$vm/lock"
  flock -w 10 9 || refuse 70 setup "somebody else has held $vm/lock for 10 s"
  [ "$(cat "$vm/lease" 2>/dev/null)" = "$1" ] || refuse 65 stale 'the lease is another one by now'
  printf '%s\n' "$2" >"$vm/lease.new" && mv -f "$vm/lease.new" "$vm/lease" || refuse 70 setup 'the lease cannot be written'
}

lease() {
  [ -d "$vm/control" ] || refuse 66 not_found "there is no machine in $job"
  words=
  { read -r words <"$vm/lease"; } 2>/dev/null
  acquisition
  printf '%s\n%s\n' "$words" "$acquired"
}

# Sets acquired to the word that says which machine's the directory is: whoever removes it compares. Empty for one made before 0.2.
acquisition() {
  acquired=
  { read -r acquired <"$job/owner"; } 2>/dev/null || return 0
}

# machines WORKDIR: each job's directory that has a machine, how that is (absent, running, ended), its acquisition (- for none) and its lease, on one line. One that is only prepared has no lease yet; after a
# day it is nobody's.
machines() {
  for control in "$1"/runs/*/jobs/*/vm/control; do
    vm=${control%/control}
    [ -d "$control" ] || continue
    [ -f "$vm/lease" ] || [ -n "$(find "$control" -maxdepth 0 -mmin +1440)" ] || continue
    { read -r words <"$vm/lease"; } 2>/dev/null || words=
    look
    job=${vm%/vm}
    acquisition
    printf '%s %s %s %s\n' "$job" "$state" "${acquired:--}" "$words"
  done
}

# sources WORKDIR: what the machines there were given, each with a NUL behind it.
sources() {
  for file in "$1"/runs/*/jobs/*/vm/sources; do
    [ ! -f "$file" ] || cat "$file"
  done
}
