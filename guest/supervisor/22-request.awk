# Reads the request (line 1) and the secrets (line 2), checks both, and writes into a directory that only this call has: `plan` and
# `environment`, shell text made of single-quoted words only. Exit 64: not valid, the reason is in `invalid`; 65: not whole.
function shown(name) { name = substr(name, 1, 64); gsub(/[^A-Za-z0-9_]/, "?", name); return name }
function refuse(m) {
  gsub(/[^ -~]/, "?", m)
  gsub(/["\\]/, "?", m)
  print substr(m, 1, 300) "\n" > (OWN "/invalid")
  exit 64
}
function typed(name, type, fallback) {
  if (!(name in KT)) { if (fallback == "required") refuse(name ": is missing"); return fallback }
  if (KT[name] != type) refuse(name ": must be a " type)
  return KV[name]
}
function whole(name, least, fallback,   v) {
  v = typed(name, "number", fallback)
  if (v !~ /^(0|[1-9][0-9]*)$/ || length(v) > 9 || v + 0 < least) refuse(name ": must be a whole number from " least " to 999999999")
  return v
}
function entry(where, name, type, text,   size) {
  if (name !~ /^[A-Za-z_][A-Za-z0-9_]*$/) refuse(where shown(name) " is not a valid name")
  if (type != "string") refuse(where shown(name) " must be a string")
  size = length(name) + length(text) + 2
  if (size > 131072) refuse(where shown(name) " is longer than the 131072 bytes that Linux allows")
  return size
}
function a_path(v) { return v ~ /^\// && (v == "/" || (v "/") !~ /\/\//) && (v "/") !~ /\/\.\.?\// && v !~ "[\001-\037\177]" && length(v) <= 4000 }
function a_login(v) { return v ~ /^[A-Za-z_][A-Za-z0-9_.-]*$/ && length(v) <= 32 }
function directory(name,   v) {
  v = typed(name, "string", "required")
  if (!a_path(v) || v == "/") refuse(name ": must be an absolute, normalised path other than /, without control characters")
  return v
}
# One a line.
function directories(name,   n, lines) {
  typed(name, "array", "")
  if (!(name in KT)) return ""
  if (DN > 64) refuse(name ": must be at most 64 directories")
  for (n = 1; n <= DN; n++) {
    if (DT[n] != "string" || !a_path(DV[n]) || DV[n] == "/") refuse(name ": must be absolute, normalised paths other than /, without control characters")
    lines = lines (n == 1 ? "" : "\n") DV[n]
  }
  return lines
}
# Counts the braces outside strings, through one piece of a line after another.
function feed(piece,   n, i, k) {
  n = split(piece, Q, "\"")
  for (i = 1; i <= n; i++) {
    if (!open) depth += split(Q[i], B, "[{]") - split(Q[i], B, "}")
    if (i == n) break
    k = length(Q[i])
    while (k > 0 && substr(Q[i], k, 1) == "\\") k--
    if (!open || (length(Q[i]) - k) % 2 == 0) open = !open
  }
}
# Line 1 up to the brace that closes its object, and then to its end: no awk tells whether the last line had one. A caller
# that died may have sent a part of the request, or of the secrets behind it: then nothing is begun, and nothing written.
function read_request(   piece, nc, end) {
  RS = "}"
  depth = open = nc = 0
  do {
    if ((getline piece) <= 0) exit 65
    end = index(piece, "\n")
    if (end) { C[++nc] = substr(piece, 1, end - 1); return join_(1, nc) }
    C[++nc] = piece
    C[++nc] = "}"
    feed(piece)
    if (!open) depth--
  } while (open || depth > 0)
  RS = "\n"
  if ((getline piece) <= 0) exit 65
  C[++nc] = piece
  return join_(1, nc)
}
# Sets uid, gid and the home directory of a login name, where the image has it. The last is what its list of users says, as for a login: an
# entry without one means the root directory. Of root, and of whom the list does not have, it is the one that goes with the request.
function look_up(name,   line) {
  uid = gid = home_of = ""
  while ((getline line < "/etc/passwd") > 0) {
    split(line, F, ":")
    if (F[1] == name && F[3] ~ /^[0-9]+$/) { uid = F[3]; gid = F[4]; home_of = F[6]; sub(/\/+$/, "", home_of); break }
  }
  close("/etc/passwd")
}
function home_of_user(name) {
  look_up(name)
  if (name == "root") return name == login_given ? home_given : "/root"
  if (uid == "") return name == login_given ? home_given : "/home/" name
  return a_path(home_of) ? home_of : "/"
}
# What the machine has to be before its first step. Of what is not said the supervisor decides.
function ready_typed(name, type, fallback) {
  if (!("ready" in KT) || !(name in YT)) return fallback
  if (YT[name] != type) refuse("ready: " name ": must be a " type)
  return YV[name]
}
function check_ready() {
  typed("ready", "object", "")
  ready_init = ready_typed("init", "boolean", ""); ready_network = ready_typed("network", "boolean", "")
  ready_command = ready_typed("command", "string", "")
  if (length(ready_command) > 65536) refuse("ready: command: is longer than 65536 bytes")
  ready_secs = ready_typed("timeout_secs", "number", 60)
  if (ready_secs !~ /^[1-9][0-9]*$/ || length(ready_secs) > 9) refuse("ready: timeout_secs: must be a whole number from 1 to 999999999")
}
BEGIN {
  OWN = ENVIRON["PIKACI_OWN"]
  request = read_request()
  if ((getline secrets) <= 0) secrets = ""
  ORS = ""
  planfile = OWN "/plan"
  ESC["\""] = "\""; ESC["/"] = "/"; ESC["b"] = "\b"; ESC["f"] = "\f"; ESC["n"] = "\n"; ESC["r"] = "\r"; ESC["t"] = "\t"
  HEX4 = "^u[0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f][0-9A-Fa-f]"
  LOW = "^u[dD][c-fC-F][0-9A-Fa-f][0-9A-Fa-f]"
  if (request ~ /^[ \t\r]*$/) refuse("request: is empty")
  parse(request)
  if (err != "") refuse((field == "" ? "request" : shown(field)) ": " err)
  if (typed("schema_version", "number", "required") != "1") refuse("schema_version: must be 1")
  typed("steps", "array", "")
  if (!("steps" in KT)) nsteps = 0
  command = typed("command", "string", "steps" in KT ? "" : "required")
  if (command == "" && !("steps" in KT)) refuse("command: must not be empty")
  timeout = whole("timeout_secs", 1, "required")
  grace = whole("grace_secs", 0, 10)
  as_root = typed("run_as_root", "boolean", "required")
  workspace = directory("workspace_dir")
  cargo = directory("cargo_home_dir")
  target = directory("target_dir")
  xdg = directory("xdg_state_home_dir")
  home = home_given = directory("home_dir")
  caches = directories("cache_dirs")
  writable = typed("writable_workspace", "boolean", "false")
  login = login_given = typed("user", "string", as_root == "true" ? "root" : "pikaci")
  if (!a_login(login)) refuse("user: must be a login name")
  if ((login == "root") != (as_root == "true")) refuse("user: must be root when run_as_root, and only then")
  typed("environment", "object", "")
  total = 0
  if (!("environment" in KT)) for (name in ET) delete ET[name]
  for (name in ET) total += entry("environment: ", name, ET[name], EV[name])
  if (total > 1048576) refuse("environment: is longer than 1048576 bytes")
  check_ready()
  STEP = ENVIRON["PIKACI_STEP"]
  PUBLIC = ENVIRON["PIKACI_PUBLIC"]
  check_steps()
  if (secrets ~ /^[ \t\r]*$/) secrets = ""
  if (secrets != "") {
    err = ""
    parse(secrets)
    if (err != "") {
      depth = open = 0
      feed(secrets)
      if (open || depth > 0) exit 65
      refuse("secrets: " err)
    }
    count = 0
    for (name in KT) {
      if (name !~ /^[A-Za-z_][A-Za-z0-9_]*$/ || length(name) > 200) refuse("secrets: " shown(name) " is not a valid name")
      if (KT[name] != "string") refuse("secrets: " shown(name) " must be a string")
      count++
    }
    if (count == 0) secrets = ""
  }

  while ((getline line < "/proc/self/status") > 0) if (line ~ /^Uid:/) { split(line, F, /[ \t]+/); euid = F[3]; break }
  home = home_of_user(login)
  if (euid == 0 && uid == "0" && as_root != "true") refuse("user: must not have user id 0 unless run_as_root")
  token = ENVIRON["PIKACI_TOKEN"]
  if (secrets != "") {
    base = PUBLIC
    while ((getline line < "/proc/self/mounts") > 0) if (line ~ /^[^ ]+ \/dev\/shm tmpfs rw/) base = "/dev/shm"
    base = base "/pikaci-secrets." token
    gsub(/\047/, "", base)
    again = ENVIRON["PIKACI_AGAIN"] != ""
    if (again) base = ENVIRON["PIKACI_AGAIN"]
    else if (system("mkdir -m 0711 \047" base "\047 && mkdir -m 0700 \047" base "/files\047 \047" base "/json\047") != 0) exit 1
    if (!again) {
      put(base "/json/secrets", secrets "\n")
      for (name in KV) put(base "/files/" name, KV[name])
    }
    plan("secrets", base)
  } else plan("secrets", "")
  put(OWN "/guest-request.json", request "\n")
  plan("command", command); plan("token", token); plan("timeout_secs", timeout); plan("grace_secs", grace)
  plan("as_root", as_root); plan("root", euid == 0 ? "true" : "false"); plan("writable", writable)
  plan("login", login); plan("uid", uid); plan("gid", gid); plan("directory", directory_of_command); plan("nsteps", nsteps)
  plan("workspace", workspace); plan("cargo_home", cargo); plan("target", target); plan("xdg_state", xdg); plan("home", home)
  plan("home_given", home_given); plan("cache_dirs", caches)
  plan("ready_init", ready_init); plan("ready_network", ready_network); plan("ready_command", ready_command); plan("ready_secs", ready_secs)
  begin_env("environment", "set --")
  env("LANG", "C.UTF-8"); env("TERM", "dumb"); env("TZ", "UTC"); env("CI", "true")
  instance_env()
  authorities()
  begin_git()
  env("PATH", search_path())
  identity(home, login); env("SHELL", "/bin/sh")
  env("CARGO_HOME", cargo); env("CARGO_TARGET_DIR", target); env("XDG_STATE_HOME", xdg)
  env("PIKACI", "1"); env("PIKACI_ARTIFACTS", ENVIRON["PIKACI_ARTIFACTS"])
  if (secrets != "") env("PIKACI_SECRETS_DIR", base "/files")
  if (nsteps) {
    plan("parts", "")
    other_env("environment.request")
    for (name in ET) env(name, EV[name])
    own_git(EV["GIT_CONFIG_COUNT"])
    end_env()
    write_steps()
  } else {
    plan("parts", STEP == "" ? "environment" : "environment exported environment.own")
    # What the steps before have exported comes below what this one was given. Beside a step in `steps` the rest belongs to its machine.
    if (STEP != "" && !own_env) other_env("environment.own")
    for (name in ET) env(name, EV[name])
    own_git(EV["GIT_CONFIG_COUNT"])
    if (STEP != "" && own_env) {
      other_env("environment.own")
      for (name in OV) env(name, OV[name])
      own_git(OV["GIT_CONFIG_COUNT"])
    }
    if (STEP != "") env("PIKACI_ENV", PUBLIC "/env")
    env("PIKACI_JOB_TOKEN", token)
    for (i = 1; i <= shell_words; i++) { print " " > envfile; word(envfile, SHELL[i]); SIZE[envfile]++ }
    end_env()
  }
  close(planfile)
  verify(planfile, SIZE[planfile])
}
