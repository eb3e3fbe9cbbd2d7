# Which of the certificates in GIVEN are in none of the bundles: each into a file of its own below OUT, and how many on stdout. A certificate is
# known by its base64. In GIVEN a line `name NAME` stands before each, by which its file is called.
function next_certificate(file,   line, inside) {
  inside = 0
  while ((getline line < file) > 0) {
    sub(/\r$/, "", line)
    if (line == "-----BEGIN CERTIFICATE-----") { inside = 1; body = "" }
    else if (line == "-----END CERTIFICATE-----") { if (inside) return 1 }
    else if (inside) { gsub(/[ \t]/, "", line); body = body line }
    else if (line ~ /^name [0-9a-f]+$/) name = substr(line, 6)
  }
  close(file)
  return 0
}
BEGIN {
  n = split(ENVIRON["PIKACI_BUNDLES"], BUNDLE, "\n")
  for (i = 1; i <= n; i++) if (BUNDLE[i] != "") while (next_certificate(BUNDLE[i])) has[body] = 1
  missing = 0
  out = ENVIRON["PIKACI_OUT"]
  while (next_certificate(ENVIRON["PIKACI_GIVEN"])) {
    if (body in has) continue
    has[body] = 1
    missing++
    file = out "/pikaci-" name ".crt"
    print "-----BEGIN CERTIFICATE-----" > file
    for (at = 1; at <= length(body); at += 64) print substr(body, at, 64) > file
    print "-----END CERTIFICATE-----" > file
    close(file)
  }
  print missing
}
