# Which processes belong to the job: marked ones (ARGV[2]), those of its session (ARGV[1] is the leader), and all their
# descendants. The rest of the arguments are /proc/PID/stat files. Zombies have ended and do not count.
BEGIN {
  leader = ARGV[1]
  n = split(ARGV[2], M, "[^0-9]+")
  for (i = 1; i <= n; i++) if (M[i] > 1) mine[M[i]] = 1
  for (i = 3; i < ARGC; i++) {
    s = ""
    while ((getline line < ARGV[i]) > 0) s = s " " line
    close(ARGV[i])
    if (!sub(/^.*\) /, "", s)) continue
    split(s, F, " ")
    split(ARGV[i], P, "/")
    if (F[1] == "Z" || F[1] == "X") { delete mine[P[3]]; if (P[3] != leader) continue }
    else { live[P[3]] = 1; if (leader != "" && (F[4] == leader || P[3] == leader)) mine[P[3]] = 1 }
    parent[P[3]] = F[2]
  }
  do {
    grown = 0
    for (p in parent) if (!(p in mine) && (parent[p] in mine || (leader != "" && parent[p] == leader))) { mine[p] = 1; grown = 1 }
  } while (grown)
  # Parents before their children: a shell that sees its child end before it has its own signal takes that for a failure.
  for (p in mine) if (p in live) left[p] = 1
  do {
    n = 0
    for (p in left) if (!(parent[p] in left)) ready[++n] = p
    for (i = 1; i <= n; i++) { printf "%s ", ready[i]; delete left[ready[i]] }
  } while (n)
}
