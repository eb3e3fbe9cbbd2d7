# The steps of a request. A step of an open machine may be given as the only one: then it takes the place of the command.
function step_typed(i, name, type, fallback) {
  if (!((i, name) in ST)) { if (fallback == "required") refuse("steps: step " i ": " name ": is missing"); return fallback }
  if (ST[i, name] != type) refuse("steps: step " i ": " name ": must be a " type)
  return SV[i, name]
}
function check_steps(   i, id, name, n, size, where) {
  if (!("steps" in KT)) {
    directory_of_command = workspace
    typed("shell", "array", "")
    if ("shell" in KT) { check_shell(0, ""); take_shell(0) } else SHELL[shell_words = 1] = "/bin/sh"
    return
  }
  if (nsteps < 1 || nsteps > 100) refuse("steps: must be 1 to 100")
  if (STEP != "" && nsteps > 1) refuse("steps: must be one in a machine that stays open")
  for (i = 1; i <= nsteps; i++) {
    where = "steps: step " i ": "
    if (OT[i] != "object") refuse(where "must be a object")
    id = step_typed(i, "id", "string", "required")
    if (id !~ /^[a-z0-9][a-z0-9._-]*$/ || length(id) > 63) refuse(where "id: must be [a-z0-9][a-z0-9._-]{0,62}")
    if (id in NUMBER) refuse(where "id: is that of step " NUMBER[id])
    NUMBER[id] = i
    if (step_typed(i, "command", "string", "required") == "") refuse(where "command: must not be empty")
    if (step_typed(i, "name", "string", "") ~ "[\001-\037\177]") refuse(where "name: must not have a control character")
    if ((i, "timeout_secs") in ST) {
      name = step_typed(i, "timeout_secs", "number", "")
      if (name !~ /^[1-9][0-9]*$/ || length(name) > 9) refuse(where "timeout_secs: must be a whole number from 1 to 999999999")
    }
    step_typed(i, "continue_on_error", "boolean", "")
    if (step_typed(i, "if", "string", "success") !~ /^(success|failure|always)$/) refuse(where "if: must be success, failure or always")
    if (!a_path(step_typed(i, "working_directory", "string", "/"))) refuse(where "working_directory: must be an absolute, normalised path")
    step_typed(i, "run_as_root", "boolean", "")
    name = step_typed(i, "user", "string", "pikaci")
    if (!a_login(name)) refuse(where "user: must be a login name")
    if ((i, "run_as_root") in ST && (i, "user") in ST && (name == "root") != (SV[i, "run_as_root"] == "true"))
      refuse(where "user: must be root when run_as_root, and only then")
    step_typed(i, "shell", "array", "")
    if ((i, "shell") in ST) check_shell(i, where)
    step_typed(i, "environment", "object", "")
    if (!((i, "environment") in ST)) SEN[i] = 0
    size = total
    for (n = 1; n <= SEN[i]; n++) size += entry(where "environment: ", SEK[i, n], SET[i, SEK[i, n]], SEV[i, SEK[i, n]])
    if (size > 1048576) refuse(where "environment: is longer than 1048576 bytes with that of the request")
  }
  if (STEP != "") be_the_command()
}
# The words of step i, or of the command of the request (0).
function check_shell(i, where,   n) {
  if (WN[i] < 1 || WN[i] > 16) refuse(where "shell: must be 1 to 16 words")
  for (n = 1; n <= WN[i]; n++) if (WT[i, n] != "string" || length(WV[i, n]) > 131000) refuse(where "shell: must be an array of strings")
  if (WV[i, 1] == "" || WV[i, 1] ~ /[=]/ || WV[i, 1] ~ /^-/) refuse(where "shell: must begin with a program")
}
function take_shell(i) { for (shell_words = 0; shell_words < WN[i];) { shell_words++; SHELL[shell_words] = WV[i, shell_words] } }
# Who runs step i: sets step_login and step_as_root.
function step_user(i) {
  step_login = login
  step_as_root = as_root
  if ((i, "run_as_root") in ST) {
    step_as_root = SV[i, "run_as_root"]
    if (step_as_root != as_root) step_login = step_as_root == "true" ? "root" : "pikaci"
  }
  if ((i, "user") in ST) { step_login = SV[i, "user"]; step_as_root = step_login == "root" ? "true" : "false" }
}
# Its name as it stands in a JSON string.
function step_shown(i,   s) {
  s = step_typed(i, "name", "string", "")
  if (s == "" || length(s) > 200) return SV[i, "id"]
  gsub(/\\/, "&&", s)
  gsub(/"/, "\\\"", s)
  return s
}
function be_the_command(   n) {
  command = SV[1, "command"]
  directory_of_command = step_typed(1, "working_directory", "string", workspace)
  if ((1, "timeout_secs") in ST && SV[1, "timeout_secs"] + 0 < timeout + 0) timeout = SV[1, "timeout_secs"]
  step_user(1)
  login = step_login
  as_root = step_as_root
  own_env = 1
  for (n = 1; n <= SEN[1]; n++) OV[SEK[1, n]] = SEV[1, SEK[1, n]]
  SHELL[shell_words = 1] = "/bin/sh"
  if ((1, "shell") in ST) take_shell(1)
  nsteps = 0
}
# One file with what the supervisor has to know of each step, two with its variables, and its command.
function write_steps(   i, n, shared) {
  close(planfile)
  verify(planfile, SIZE[planfile])
  shared = planfile
  for (i = 1; i <= nsteps; i++) {
    step_user(i)
    step_home = home_of_user(step_login)
    if (euid == 0 && uid == "0" && step_as_root != "true") refuse("steps: step " i ": user: must not have user id 0 unless run_as_root")
    planfile = OWN "/step." i
    plan("step_id", SV[i, "id"]); plan("step_name", step_shown(i))
    plan("step_secs", step_typed(i, "timeout_secs", "number", "")); plan("step_if", step_typed(i, "if", "string", "success"))
    plan("step_continues", step_typed(i, "continue_on_error", "boolean", "false"))
    plan("login", step_login); plan("as_root", step_as_root); plan("uid", uid); plan("gid", gid); plan("home", step_home)
    plan("directory", step_typed(i, "working_directory", "string", workspace))
    plan("parts", "environment identity." i " environment.request exported environment." i)
    close(planfile)
    verify(planfile, SIZE[planfile])
    put(OWN "/command." i, SV[i, "command"])
    begin_env("identity." i, "set -- \"$@\"")
    identity(step_home, step_login)
    other_env("environment." i)
    for (n = 1; n <= SEN[i]; n++) env(SEK[i, n], SEV[i, SEK[i, n]])
    own_git(SEV[i, "GIT_CONFIG_COUNT"])
    env("PIKACI_ENV", PUBLIC "/env/" SV[i, "id"])
    env("PIKACI_JOB_TOKEN", token)
    if (!((i, "shell") in ST)) { WN[i] = 1; WV[i, 1] = "/bin/sh" }
    for (n = 1; n <= WN[i]; n++) { print " " > envfile; word(envfile, WV[i, n]); SIZE[envfile]++ }
    end_env()
  }
  planfile = shared
}
