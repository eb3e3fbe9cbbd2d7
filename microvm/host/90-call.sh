# shellcheck shell=sh
call=${1-}
[ "$#" -eq 0 ] || shift
case $call in
launch)
  launch "$@"
  ;;
machine) machine "$@" ;;
inside)
  call=$1
  at "$2"
  shift 2
  inside
  "$call" "$@"
  ;;
follow)
  at "$1"
  number "$2"
  look
  if [ "$state" = absent ]; then print_status >&2; else view follow "$@"; fi
  ;;
status)
  at "$1"
  print_status
  ;;
list | pack)
  at "$1"
  view "$call" "$@"
  ;;
cancel)
  at "$1"
  number "$2"
  cancel "$2"
  ;;
secrets)
  at "$1"
  cat "$vm/control/secrets.json"
  ;;
destroy)
  at "$1"
  acquisition
  [ "$acquired" != "${2-}" ] || destroy
  ;;
lease)
  at "$1"
  lease
  ;;
lease-swap)
  at "$1"
  lease_swap "$2" "$3"
  ;;
link)
  at "$1"
  link "$2"
  ;;
call | shell | resize)
  at "$1"
  shift
  "$call" "$@"
  ;;
machines) machines "$1" ;;
sources) sources "$1" ;;
check) check ;;
time) date +%s%3N ;;
*) refuse 64 usage 'launch | follow | status | cancel | call | shell | resize | secrets | list | pack | destroy | lease | lease-swap | link | machines | sources | check | time' ;;
esac
