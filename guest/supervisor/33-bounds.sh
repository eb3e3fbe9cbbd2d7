# shellcheck shell=sh
# The tools and files of a guest may say anything, and need not come to an end. A shell that reads them has this bound on its memory, in
# KiB, and so has what it calls. The command of a job or of a step does not: see launch().
# shellcheck disable=SC3045 # dash, bash and busybox have it
hold_memory() { ulimit -S -v 524288 2>/dev/null; }

# Before a shell that will become a command holds its own.
# shellcheck disable=SC3045
hold_memory_until_launch() {
  given=$(ulimit -S -v)
  hold_memory
}
