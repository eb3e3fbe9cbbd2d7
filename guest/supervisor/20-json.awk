# Reads JSON. Strings are decoded piece by piece and joined in halves: nothing here is quadratic in the size of a value.
function bad(m) { if (err == "") err = m }
function join_(lo, hi,   mid) {
  if (lo > hi) return ""
  if (lo == hi) return C[lo]
  mid = int((lo + hi) / 2)
  return join_(lo, mid) join_(mid + 1, hi)
}
function hex(h,   i, v) {
  v = 0
  for (i = 1; i <= 4; i++) v = v * 16 + index("0123456789abcdef", tolower(substr(h, i, 1))) - 1
  return v
}
function utf8(v) {
  if (v < 128) return sprintf("%c", v)
  if (v < 2048) return sprintf("%c%c", 192 + int(v / 64), 128 + v % 64)
  if (v < 65536) return sprintf("%c%c%c", 224 + int(v / 4096), 128 + int(v / 64) % 64, 128 + v % 64)
  return sprintf("%c%c%c%c", 240 + int(v / 262144), 128 + int(v / 4096) % 64, 128 + int(v / 64) % 64, 128 + v % 64)
}
# The string whose first piece is Q[qi]; afterwards qi is at the piece behind its closing quote.
function str(   p, n, i, t, c, v, open, nc) {
  nc = 0
  do {
    if (qi >= nq) { bad("has a string that does not end"); return "" }
    p = Q[qi++]
    if (p ~ "[\001-\037]") { bad("has a control character in a string"); return "" }
    if (nc == 0 && index(p, "\\") == 0) return p
    open = 0
    n = split(p, B, "\\")
    if (n > 0) C[++nc] = B[1]
    for (i = 2; i <= n; i++) {
      t = B[i]
      if (t == "") {
        if (i == n) { open = 1; C[++nc] = "\"" }
        else C[++nc] = "\\" B[++i]
        continue
      }
      c = substr(t, 1, 1)
      if (c in ESC) { C[++nc] = ESC[c] substr(t, 2); continue }
      if (c != "u" || t !~ HEX4) { bad("has an invalid escape in a string"); return "" }
      v = hex(substr(t, 2, 4))
      if (v == 0) { bad("holds a NUL character"); return "" }
      if (v >= 55296 && v < 57344) {
        if (v >= 56320 || length(t) != 5 || i == n || B[i + 1] !~ LOW) { bad("holds a lone surrogate"); return "" }
        t = B[++i]
        v = 65536 + (v - 55296) * 1024 + hex(substr(t, 2, 4)) - 56320
      }
      C[++nc] = utf8(v) substr(t, 6)
    }
  } while (open)
  return join_(1, nc)
}
# What stands between two strings, cut into tokens.
function structure(   s) {
  s = Q[qi++]
  gsub(/\r/, " ", s)
  gsub(/[][{}:,]/, " & ", s)
  nt = split(s, T, " ")
  ti = 0
}
function advance() {
  if (err != "") { tok = "end"; return }
  if (ti < nt) { tok = T[++ti]; return }
  if (qi > nq) { tok = "end"; return }
  sv = str()
  tok = "\""
  structure()
}
# Reads one value; leaves its type in vt and its text in vv. Members of the object are kept in KT and KV, those of the
# object `environment` in it in ET and EV, of `ready` in YT and YV; of step number `at` in ST and SV, of its environment in SET and SEV (and SEK, which
# counts the names), of its shell in WT and WV (that of the request: at 0), of `cache_dirs` in DT and DV. A key that comes twice: the last one counts.
function value(depth, path, at,   key, n) {
  if (err != "") return
  if (depth > 64) { bad("is nested too deeply"); return }
  if (tok == "\"") { vv = sv; vt = "string"; advance(); return }
  if (tok == "{") {
    if (path == "environment") for (key in ET) delete ET[key]
    if (path == "ready") for (key in YT) delete YT[key]
    if (path == "step.environment") { for (n = 1; n <= SEN[at]; n++) delete SET[at, SEK[at, n]]; SEN[at] = 0 }
    advance()
    if (tok == "}") { advance(); vt = "object"; return }
    for (;;) {
      if (tok != "\"") { bad("is not valid JSON"); return }
      key = sv
      if (depth == 0) field = key
      advance()
      if (tok != ":") { bad("is not valid JSON"); return }
      advance()
      value(depth + 1, depth == 0 ? key : path == "step" ? "step." key : "", at)
      if (err != "") return
      if (depth == 0) { KT[key] = vt; KV[key] = vv }
      else if (path == "environment") { ET[key] = vt; EV[key] = vv }
      else if (path == "ready") { YT[key] = vt; YV[key] = vv }
      else if (path == "step") { ST[at, key] = vt; SV[at, key] = vv }
      else if (path == "step.environment") {
        if (!((at, key) in SET)) SEK[at, ++SEN[at]] = key
        SET[at, key] = vt; SEV[at, key] = vv
      }
      if (tok == "}") break
      if (tok != ",") { bad("is not valid JSON"); return }
      advance()
    }
    advance()
    vt = "object"
    return
  }
  if (tok == "[") {
    if (path == "steps") { for (key in ST) delete ST[key]; for (key in SET) delete SET[key]; for (key in SEN) delete SEN[key]; nsteps = 0 }
    n = 0
    advance()
    if (tok == "]") advance()
    else {
      for (;;) {
        n++
        value(depth + 1, path == "steps" ? "step" : "", path == "steps" ? n : at)
        if (err != "") return
        if (path == "steps") { OT[n] = vt; nsteps = n }
        else if (path == "step.shell" || path == "shell") { WT[at, n] = vt; WV[at, n] = vv }
        else if (path == "cache_dirs") { DT[n] = vt; DV[n] = vv }
        if (tok == "]") break
        if (tok != ",") { bad("is not valid JSON"); return }
        advance()
      }
      advance()
    }
    if (path == "step.shell" || path == "shell") WN[at] = n
    if (path == "cache_dirs") DN = n
    vt = "array"
    return
  }
  vv = tok
  if (tok == "true" || tok == "false") vt = "boolean"
  else if (tok == "null") vt = "null"
  else if (tok ~ /^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$/) vt = "number"
  else { bad("is not valid JSON"); return }
  advance()
}
function parse(line) {
  for (field in KT) delete KT[field]
  for (field in KV) delete KV[field]
  field = ""
  nq = split(line, Q, "\"")
  qi = 1
  nt = ti = 0
  if (nq > 0) structure()
  advance()
  if (tok != "{") bad("is not a JSON object")
  value(0, "", 0)
  if (tok != "end") bad("is not valid JSON")
}
