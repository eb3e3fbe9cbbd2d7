/** What `pikaci machine … --help` says beyond the list of options. */

export const MACHINE_HELP = `
A machine stays open between commands until it is closed, or until nobody has used it for as long as its lease says.
Any process with the same state root can use it by its id. Commands run one at a time and share its files; variables
that a command writes to the file $PIKACI_ENV, as NAME=value lines, are there for the next ones.

Example:
  m=$(pikaci machine open --workspace .)
  pikaci machine run "$m" 'make && make test'
  pikaci machine cp "$m":/workspace/snapshot/report.xml .
  pikaci machine close "$m"

Ctrl-C ends what the command does; a second one leaves at once and says what may stay, with the commands to remove it.
A TERM behind it does not: it ends what still runs without its grace.
`;

export const MACHINE_OPEN_HELP = `
Its id goes to standard output, everything else to standard error. Each use begins the lease anew.

Examples:
  pikaci machine open --image node-22 --workspace . --writable --cpus 4 --memory 4GiB
  pikaci machine open --id "build-$CI_JOB_ID" --lease 3600
`;

export const MACHINE_RUN_HELP = `
Options come before the machine; a "--" behind it may mark where the command begins. The output of the command goes to standard output as it comes; of it a terminal gets text
and colours only, unless --raw is given.

Examples:
  pikaci machine run build-7 'cd sub && make'
  pikaci machine run --env DEBUG=1 --timeout 300 build-7 ./run-tests --fast
  pikaci machine run --step tests --on-interrupt detach build-7 make test

Exit status: the command's own (128 + N after signal N); 124 when it timed out, 125 on a system failure or the
machine is busy, released or gone, 130 when it was cancelled or left running. 2 for bad usage.
`;

export const MACHINE_LOGS_HELP = `
What was kept here: secrets are masked. With --follow the exit status is that of "pikaci machine run"; Ctrl-C leaves the step
running. A step that another process follows is shown as that one keeps it.
`;

export const MACHINE_CANCEL_HELP = `
TERM, KILL after the step's grace. Returns when it has ended, and is recorded as cancelled; whoever follows it is told.

Exit status: 0 when it has ended, 3 when it could not be told to.
`;

export const MACHINE_COPY_HELP = `
A relative path in the machine lies below its workspace. A directory is copied with all that is in it: into the directory that the
destination names. Out of a machine only plain files come: links and special files are left behind and named.
A path here that has a colon is written with ./ in front.

Examples:
  pikaci machine cp setup.sh build-7:/tmp/setup.sh
  pikaci machine cp build-7:/artifacts ./artifacts

Exit status: 0 copied, 1 when something was left behind, 2 bad usage, 3 on a system failure, 130 when it was interrupted.
`;

export const MACHINE_CLOSE_HELP = `
What was recorded of its steps stays, for "pikaci machine logs".
`;

export const EXEC_HELP = `
Like "docker run --rm": the command gets a machine and a copy of the workspace of its own; what it changes there goes
with the machine. Its output and its exit status are those of "pikaci exec". Where standard input and output are a
terminal, it has one, too. Ctrl-C and TERM end it, with TERM and then KILL.

Examples:
  pikaci exec -- npm test
  pikaci exec --image node-22 --env CI --env DEBUG=1 --memory 2GiB -- sh -c 'npm ci && npm test'

Exit status: the command's own (128 + N after signal N); 125 on a system failure, 130 when it was cancelled, 2 for bad
usage.
`;

export const FORK_HELP = `
Copies the machine of a job that runs, or that "pikaci run --keep-on-failure" kept, as an open machine: with its files as
they are now, its mounts, limits, user and variables. What runs in the original is not in the copy, nor are its secrets,
and the original goes on as it is. The id of the copy goes to standard output, for "pikaci machine".

Examples:
  m=$(pikaci fork 20261123-164501-abc123 unit)
  pikaci machine shell "$m"
  pikaci fork 20261123-164501-abc123 unit --command             what the job ran, once more
  pikaci fork 20261123-164501-abc123 unit --command 'make -n'   something else

With --command its output goes to standard output, and the exit status is the command's own; 125 on a system failure,
130 when it was interrupted, 2 for bad usage. The copy stays, as its last line says.
`;

export const MACHINE_FORK_HELP = `
Copies an open machine with its files as they are now, also while a command runs in it; that is not in the copy. The
original goes on as it is. The id of the copy goes to standard output.

Example:
  copy=$(pikaci machine fork build-7)
`;
