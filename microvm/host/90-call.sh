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
list | pack | trusted)
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
caches)
  caches_at "$1"
  caches
  ;;
cache | cache-make | cache-copy | cache-swap | cache-remove | cache-size)
  volume_at "$1" "$2"
  shift 2
  case $call in
  cache) cache ;;
  cache-make) cache_make "$@" ;;
  cache-copy) cache_copy "$1" ;;
  cache-swap) cache_swap "$1" "$2" ;;
  cache-remove) cache_remove ;;
  cache-size) cache_size ;;
  esac
  ;;
layers)
  layer_at "$1" pikaci-0
  layers
  ;;
layer | layer-keep)
  at "$3"
  layer_at "$1" "$2"
  shift 3
  case $call in
  layer) layer ;;
  layer-keep) layer_keep "$1" "$2" ;;
  esac
  ;;
layer-swap | layer-remove)
  layer_at "$1" "$2"
  shift 2
  case $call in
  layer-swap) cache_swap "$1" "$2" ;;
  layer-remove) layer_remove "$1" ;;
  esac
  ;;
runner) runner "$1" "$2" ;;
machines) machines "$1" ;;
sources) sources "$1" ;;
check) check ;;
time) date +%s%3N ;;
*) refuse 64 usage 'launch | follow | status | cancel | call | shell | resize | secrets | list | pack | trusted | destroy | lease | lease-swap | link | caches | cache | cache-make | cache-swap | cache-remove | cache-size | layers | layer | layer-keep | layer-swap | layer-remove | runner | machines | sources | check | time' ;;
esac
