# shellcheck shell=sh
# trust --size BYTES: certificates on stdin that this machine trusts from now on, beside those of its image. What the image lacks of them is put
# where its own program looks for it, and that is run; what is still missing then goes into the image's bundle, or, where that is a link or belongs
# to nobody who could change it, into one of our own. Jobs and steps are told of the bundle by the usual variables: see authorities().
trust() {
  { [ "${1-}" = --size ] && [ "$#" = 2 ]; } || refuse 64 usage 'trust --size BYTES'
  number "$2"
  await_mounts
  install_text
  read -r nonce </proc/sys/kernel/random/uuid
  scratch=$machine/trust.$nonce
  { install -d -m 0700 "$scratch" "$scratch/missing" && cat >"$scratch/given"; } || {
    say_why 'the certificates could not be written' "$machine"
    rm -rf "$scratch"
    refuse 70 setup "$fault"
  }
  [ "$(stat -c %s "$scratch/given" | head -c 20)" = "$2" ] || {
    rm -rf "$scratch"
    refuse 65 truncated 'the certificates did not arrive whole: nothing was done'
  }
  trust_given && mv -f "$scratch/given" "$machine/given"
  status=$?
  rm -rf "$scratch"
  [ "$status" = 0 ] || refuse 70 setup "${fault:-the certificates could not be handed to the machine}"
}

# When the init has settled: what it starts may have run the image's own program beside ours, with the list of before, as cloud-init does.
trust_again() {
  [ -s "$machine/given" ] && read -r bundle <"$machine/authorities" || return 0
  read -r nonce </proc/sys/kernel/random/uuid
  scratch=$machine/trust.$nonce extra=
  install -d -m 0700 "$scratch" "$scratch/missing" && cp "$machine/given" "$scratch/given" && find_missing &&
    { [ "$missing" = 0 ] || trust_given >/dev/null; }
  rm -rf "$scratch"
}

trust_given() {
  fault='' trouble='' updater=''
  # What the instance names itself counts as the image's.
  extra=
  case ${SSL_CERT_FILE-} in /*) [ ! -s "$SSL_CERT_FILE" ] || extra=$SSL_CERT_FILE ;; esac
  find_bundle
  find_missing || return
  added=$missing
  if [ "$missing" != 0 ]; then
    find_updater
    [ -z "$anchors" ] || put_anchors
    find_bundle
    find_missing || return
  fi
  choose_bundle || return
  printf '%s\n' "$bundle" >"$scratch/authorities" && mv -f "$scratch/authorities" "$machine/authorities" || return
  printf '{"bundle":"%s","added":%s,"updater":"%s","trouble":"%s"}\n' "$(in_json "$bundle")" "$added" "$updater" "$trouble"
}

# The bundle that the programs of this image read: Debian, Alpine, Arch and NixOS; Fedora; openSUSE; others.
find_bundle() {
  for bundle in etc/ssl/certs/ca-certificates.crt etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem etc/pki/tls/certs/ca-bundle.crt \
    etc/ssl/ca-bundle.pem etc/ssl/certs/ca-bundle.crt etc/ssl/cert.pem; do
    bundle=$system/$bundle
    [ ! -s "$bundle" ] || return 0
  done
  bundle=
}

# Sets `missing`, and leaves what is in a file each.
find_missing() {
  rm -f "$scratch/missing"/*
  missing=$(PIKACI_BUNDLES="$bundle
$extra" PIKACI_GIVEN=$scratch/given PIKACI_OUT=$scratch/missing awk "$authorities_awk" | head -c 20)
  case $missing in '' | *[!0-9]*) fault='the certificates could not be compared with those of the image' && return 1 ;; esac
}

# Where an image takes certificates from, and its program that does it. What installs the program later finds them there as well.
find_updater() {
  anchors=
  if has_program update-ca-trust; then
    updater=update-ca-trust
    for anchors in etc/pki/ca-trust/source/anchors etc/ca-certificates/trust-source/anchors ''; do
      if [ -z "$anchors" ] || [ -d "$system/$anchors" ]; then break; fi
    done
  elif has_program update-ca-certificates; then
    updater=update-ca-certificates anchors=usr/local/share/ca-certificates
    [ ! -d "$system/etc/pki/trust/anchors" ] || anchors=etc/pki/trust/anchors
  elif [ -e "$system/etc/debian_version" ] || [ -e "$system/etc/alpine-release" ]; then
    anchors=usr/local/share/ca-certificates
  fi
  [ -n "$anchors" ] || updater=
  anchors=${anchors:+$system/$anchors}
}

has_program() {
  for program in usr/local/sbin usr/local/bin usr/sbin usr/bin sbin bin; do
    program=$system/$program/$1
    [ ! -x "$program" ] || return 0
  done
  return 1
}

put_anchors() {
  { install -d -m 0755 "$anchors" && chmod 0644 "$scratch/missing"/* && cp -f "$scratch/missing"/* "$anchors"; } || {
    find_why "$anchors"
    trouble="the certificates could not be put into $(in_json "$anchors")${why:+: $why}" updater=
    return
  }
  [ -z "$updater" ] || update_bundle
}

update_bundle() {
  set --
  [ "$updater" != update-ca-trust ] || set -- extract
  # systemd may be mounting over /tmp in these moments.
  TMPDIR=$scratch setsid "$program" "$@" </dev/null >"$scratch/said" 2>&1 &
  updating=$! tries=1200
  while kill -0 "$updating" && [ "$tries" -gt 0 ] && pause; do tries=$((tries - 1)); done
  kill -s KILL -- "-$updating"
  wait "$updating"
  status=$?
  [ "$tries" -gt 0 ] || trouble="$updater had not ended after a minute"
  [ -n "$trouble" ] || [ "$status" = 0 ] ||
    trouble="$updater ended with status $status: $(in_json "$(tail -n 1 "$scratch/said" | head -c 500)")"
}

# A link is another's: that of a store which nobody changes, or the updater's.
choose_bundle() {
  [ "$missing" != 0 ] || [ -z "$bundle" ] || [ -n "$extra" ] || return 0
  if [ -z "$extra" ] && [ ! -L "${bundle:-$system/etc/ssl/certs/ca-certificates.crt}" ]; then
    place=${bundle:-$system/etc/ssl/certs/ca-certificates.crt}
    { install -d -m 0755 "${place%/*}" && write_bundle "$place"; } && return
  fi
  # Whoever runs steps reads it; of `public` of a step this is the one above.
  install -d -m 0755 "$machine-job" && write_bundle "$machine-job/ca-certificates.crt" && return
  say_why 'the bundle of certificates could not be written' "$machine-job"
  return 1
}

write_bundle() { # write_bundle PATH, and sets `bundle` to it
  fresh=$1.pikaci.$nonce
  set -C
  join_bundle >"$fresh"
  written=$?
  set +C
  { [ "$written" = 0 ] && chmod 0644 "$fresh" && mv -f "$fresh" "$1"; } || {
    rm -f "$fresh"
    return 1
  }
  bundle=$1
}

join_bundle() {
  for part in "$bundle" "$extra" "$scratch/missing"/*; do
    [ -s "$part" ] || continue
    # A last line may lack its end.
    cat "$part" && { [ -z "$(tail -c 1 "$part" | head -c 1)" ] || printf '\n'; } || return
  done
}
