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
