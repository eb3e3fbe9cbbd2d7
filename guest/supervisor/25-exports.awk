# Adds the variables of a file in the manner of GITHUB_ENV to those of the steps before. Two files: one for the next call, in
# which each name comes with the number of lines of its value, and one with single-quoted words for the shell.
function ignore(why) { if (++ignored <= 20) printf "PIKACI_ENV of %s: line %d: ignored: %s\n", ENVIRON["PIKACI_OF"], NR_, why }
function take(name, text,   size) {
  if (name !~ /^[A-Za-z_][A-Za-z0-9_]*$/) { ignore("not a valid name"); return }
  if (name ~ /^PIKACI/) { ignore("a name of the supervisor"); return }
  size = length(name) + length(text) + 2
  if (size > 131072) { ignore("longer than the 131072 bytes that Linux allows"); return }
  if (total + size - SIZES[name] > 1048576) { ignore("all together are longer than 1048576 bytes"); return }
  total += size - SIZES[name]
  SIZES[name] = size
  if (!(name in EX)) ORDER[++count] = name
  EX[name] = text
}
# The next lines, n of them, or up to the delimiter; 0 when there is none.
function block(file, n, delimiter,   i, line) {
  i = 0
  while (n < 0 || i < n) {
    if ((getline line < file) <= 0) return 0
    NR_++
    if (n < 0 && line == delimiter) break
    if (i) C[2 * i] = "\n"
    C[2 * ++i - 1] = line
  }
  text = join_(1, 2 * i - 1)
  return 1
}
BEGIN {
  exported = ENVIRON["PIKACI_EXPORTED"]
  taken = ENVIRON["PIKACI_TAKEN"]
  old = exported ".list"
  while ((getline line < old) > 0) {
    split(line, F, " ")
    if (block(old, F[2] + 0, "")) take(F[1], text)
  }
  NR_ = 0
  while ((getline line < taken) > 0) {
    NR_++
    if (line == "") continue
    equals = index(line, "=")
    here = index(line, "<<")
    if (equals && (!here || equals < here)) take(substr(line, 1, equals - 1), substr(line, equals + 1))
    else if (here > 1 && length(line) > here + 1) {
      name = substr(line, 1, here - 1)
      if (block(taken, -1, substr(line, here + 2))) take(name, text)
      else ignore("its delimiter does not come")
    } else ignore("neither NAME=value nor NAME<<DELIMITER")
  }
  if (ignored > 20) printf "PIKACI_ENV of %s: %d more were ignored\n", ENVIRON["PIKACI_OF"], ignored - 20
  ORS = ""
  OWN = exported
  list = exported ".list.new"
  SIZE[list] = 0
  envfile = exported ".new"
  print "set -- \"$@\"" > envfile
  SIZE[envfile] = length("set -- \"$@\"")
  for (i = 1; i <= count; i++) {
    name = ORDER[i]
    lines = split(EX[name] "\n", B, "\n") - 1
    text = name " " lines "\n" EX[name] "\n"
    print text > list
    SIZE[list] += length(text)
    env(name, EX[name])
  }
  close(list)
  verify(list, SIZE[list])
  end_env()
}
