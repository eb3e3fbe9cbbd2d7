# shellcheck shell=bash
# Progress goes to stderr, so that stdout carries results only.
say() { printf '%s\n' "pikaci: $*" >&2; }
die() {
	say "$*"
	exit 1
}
