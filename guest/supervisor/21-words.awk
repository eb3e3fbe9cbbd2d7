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
# The .git of the workspace may belong to another user than the one of the job: git is told that it may be used, by settings that it takes from the
# environment. Those that the job or its instance has of this kind stay: they are counted, and this one is the next.
function trust_git(given,   n) {
  n = given ~ /^[0-9]+$/ && length(given) < 6 ? given + 0 : 0
  env("GIT_CONFIG_COUNT", n + 1); env("GIT_CONFIG_KEY_" n, "safe.directory"); env("GIT_CONFIG_VALUE_" n, workspace)
}
function begin_git(   file, line) {
  file = workspace "/.git/HEAD"
  has_git = (getline line < file) > 0
  if (!has_git) return
  close(file)
  trust_git(ENVIRON["PIKACI_INSTANCE_ENV"] == "none" ? "" : ENVIRON["GIT_CONFIG_COUNT"])
}
function own_git(given) { if (has_git && given != "") trust_git(given) }
# The directories that are searched: those that the instance was given, and what else is usual. What every instance is given is no wish.
function search_path(   usual, all, path, more, n, i, P) {
  usual = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
  all = usual ":/run/wrappers/bin:/run/current-system/sw/bin"
  path = ENVIRON["PIKACI_GIVEN_PATH"]
  more = all
  if (index(path ":", usual ":") == 1) { more = substr(path, length(usual) + 2); path = all }
  n = split(more, P, ":")
  for (i = 1; i <= n; i++) if (P[i] ~ /^\// && !index(":" path ":", ":" P[i] ":")) path = path (path == "" ? "" : ":") P[i]
  return path
}
# Variables of the instance (environment.NAME of it and its profiles), which is what this process was begun with: below all that the job has,
# above the usual ones. Who the job is, and where its directories are, they do not say.
function instance_env(   name, given) {
  if (ENVIRON["PIKACI_INSTANCE_ENV"] == "none") return
  for (name in ENVIRON) {
    if (name !~ /^[A-Za-z_][A-Za-z0-9_]*$/ || name ~ /^PIKACI/) continue
    if (name ~ /^(HOME|USER|LOGNAME|SHELL|PATH|PWD|OLDPWD|SHLVL|_|LC_ALL|container|AWKPATH|AWKLIBPATH|CARGO_HOME|CARGO_TARGET_DIR|XDG_STATE_HOME)$/) continue
    given = ENVIRON[name]
    if (length(name) + length(given) + 2 <= 131072) env(name, given)
  }
  if (ENVIRON["PIKACI_GIVEN_LC_ALL"] != "") env("LC_ALL", ENVIRON["PIKACI_GIVEN_LC_ALL"])
}
# The bundle of what this machine trusts (see 76-trust.sh), for what has a list of its own or reads none of the system. Above what the instance was
# given: the bundle has that, too.
function authorities(   file, bundle, n, i, N) {
  file = ENVIRON["PIKACI_MACHINE"] "/authorities"
  if ((getline bundle < file) <= 0) return
  close(file)
  n = split("SSL_CERT_FILE NODE_EXTRA_CA_CERTS REQUESTS_CA_BUNDLE CURL_CA_BUNDLE GIT_SSL_CAINFO PIP_CERT CARGO_HTTP_CAINFO NIX_SSL_CERT_FILE", N, " ")
  for (i = 1; i <= n; i++) env(N[i], bundle)
}
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
