# A value as one single-quoted shell word, written as it goes: joining would be quadratic in the quotes.
function word(file, s,   n, i, A) {
  n = split(s, A, "\047")
  print "\047" > file
  for (i = 1; i <= n; i++) {
    if (i > 1) print "\047\\\047\047" > file
    print A[i] > file
  }
  print "\047" > file
  SIZE[file] += length(s) + 2 + (n > 1 ? 3 * (n - 1) : 0)
}
function plan(name, s) { print name "=" > planfile; word(planfile, s); print "\n" > planfile; SIZE[planfile] += length(name) + 2 }
function env(name, s) { print " " > envfile; word(envfile, name "=" s); SIZE[envfile]++ }
# A file of variables is one line of shell, which puts them behind the words that are there already.
function begin_env(name, start) { envfile = OWN "/" name; print start > envfile; SIZE[envfile] += length(start) }
function end_env() { print "\n" > envfile; SIZE[envfile]++; close(envfile); verify(envfile, SIZE[envfile]) }
function other_env(name) { end_env(); begin_env(name, "set -- \"$@\"") }
function identity(home, login) { env("HOME", home); env("USER", login); env("LOGNAME", login) }
# Reads back what was written: on a full disk not every awk says that something is missing.
function verify(file, size,   line, n) {
  n = 0
  while ((getline line < file) > 0) n += length(line) + 1
  close(file)
  if (n != size) exit 1
}
function put(file, s) {
  print s > file
  close(file)
  # A last line without an end is counted with one.
  verify(file, length(s) + (s == "" || substr(s, length(s)) == "\n" ? 0 : 1))
}
