/** What `--help` says beyond the list of options. */

const EXIT_CODES = `
Exit status:
  0    every job passed
  1    a job failed (also: timed out, or its machine was lost)
  2    bad usage or configuration
  3    system failure: a job has no result
  130  interrupted (also when the reader of the output has gone)
When jobs end in different ways the highest number counts.`;

export const PROGRAM_HELP = `
First steps:
  pikaci init       write a configuration, then say in it which host to use
  pikaci doctor     see whether the host is ready
  pikaci run        run the jobs
  pikaci list       see what has run, then status, logs and artifacts of a run

Environment, above the configuration and below the options:
  PIKACI_STATE_ROOT                           where runs are recorded here
  PIKACI_TRUST                                untrusted keeps what is run to its machine
  PIKACI_REMOTE_LINUX_VM_BACKEND              incus, microvm, or auto for what the configuration says
  PIKACI_REMOTE_LINUX_VM_INCUS_PROJECT, …_INCUS_PROFILE, …_INCUS_IMAGE_ALIAS, …_MICROVM_RUNNER
  PIKACI_SERVE_TOKEN                          what "pikaci serve" wants to be shown
`;

export const RUN_HELP = `
Each job gets a fresh machine with a snapshot of the configuration's folder, or of --workspace: configuration and state
root may then lie where the author of the workspace cannot write. The log goes to standard output,
everything else to standard error; both the log and the artifacts are kept under .pikaci/runs/<run id>/.
On a terminal the run is a tree that is drawn over again; plain lines elsewhere, and with CI, NO_COLOR or TERM=dumb. Of
the log a terminal gets text and colours only; --raw lets all of it through, without the tree.

Examples:
  pikaci run                                  the only target of the configuration
  pikaci run test --job unit --job lint       two jobs of the target "test"
  pikaci run --host me@build.example:2222     on another host
  pikaci run --fail-fast --parallel 8         end at the first failure, eight at a time
  pikaci run --trust untrusted --config-from origin/main
                                              a pull request: the configuration is that of the commit
  pikaci run --keep-on-failure 1800           leave the machine of a failed job for half an hour
  pikaci run --changed-since origin/main
                                              skip the run when the target's filters match none of them
  pikaci run --output jsonl | jq .            one event a line; the last one is "run_finished"
${EXIT_CODES}

Ctrl-C ends the jobs, collects what they have and removes their machines; --on-interrupt detach leaves them running
for "pikaci attach", destroy removes the machines at once. A second Ctrl-C leaves at once and says what is left.
A TERM behind either, as forges cancel, ends what still runs without its grace; it is collected, and its machine removed.
`;

export const ATTACH_HELP = `
The log goes on at the first byte that is not in the job's guest.log yet; a job that has finished meanwhile is
collected. Run id and job id are as "pikaci run" printed them.

Example:
  pikaci attach 20261123-164501-abc123 unit
${EXIT_CODES}
`;

export const DOCTOR_HELP = `
Looks at the connection, Incus and its version, project, profile, image, storage pool, work directory, clocks and
state root, and whether Incus sees what is put into the work directory. With --machine the image is tried as well: whether it
has the programs that the supervisor needs. Works without a configuration when --host is given.

Exit status: 0 when a job can run (there may be warnings), 3 when a check failed, 2 for bad usage or configuration.
`;

export const INIT_HELP = `
The file is JSON with comments. A file that is there is not replaced without --force.
`;

export const GC_HELP = `
With --keep-runs the state of all but the newest runs is removed from this machine; runs that have not ended stay. A run whose record is
damaged, and of which no job can be taken up, is named and removed however new it is. Of the open machines that are gone the
records of as many are kept.

With --remote: every machine carries a lease that its owner renews. Those whose lease has ended are removed; one that is in use is
never touched. Then the snapshots and the outputs of command nodes that the host keeps for later runs are brought within
the bounds of --keep-days and --keep-bytes, or of "retention" in the configuration: what was used longest ago goes first.
What a machine mounts, or a run has used in the last 30 minutes, stays. May be run at any time, by several at once.

Examples:
  pikaci gc --remote --dry-run
  pikaci gc --remote --keep-days 7 --keep-bytes 50GiB

Exit status: 0 done, 3 when something could not be removed, 2 for bad usage or configuration.
`;

export const RERUN_HELP = `
The target, its jobs and its prepare nodes are those of the recorded run, whatever the configuration says now; the
workspace is the recorded folder as it is now. --branch, --fail-fast, --parallel and --keep-on-failure are those of the
recorded run; another host or backend than its own is told as a warning. Secrets are taken from the environment again.
The new run says in "rerun_of" which one it repeats, and in "attempt" which attempt it is.

With --failed only what has not passed is run again, with --job only these jobs; and what comes after them, and what they
need. All else is taken over, as passed or as failed as it was, with its logs and artifacts where they are. That is
refused when the run still runs, and when what passed there passed on other files than the workspace has now.

Examples:
  pikaci rerun 20261123-164501-abc123 --failed
  pikaci rerun 20261123-164501-abc123 --job test
${EXIT_CODES}
`;

export const RESUME_HELP = `
The run goes on under its own id: jobs that still run are followed from the last byte kept, those that have ended meanwhile
are collected, and the rest of the plan is run, on the workspace as the run began with it. Two at once, or beside a runner
that lives, are refused. Secrets are taken from the environment again.

A run that is not in the state root is taken from what its host keeps of it: any machine that reaches the host can go on with
it. Jobs that are still to begin get the files that the host has; where something reads them here, --workspace names a folder
with the same. Without a run, what the host has is listed.

Examples:
  pikaci resume
  pikaci resume 20261123-164501-abc123 --workspace .
${EXIT_CODES}
`;

export const RECOVER_HELP = `
A machine whose runner is gone is removed when its lease has ended ("pikaci gc --remote"). What its job has left is kept on the
host before: its log, how it ended, and the artifacts that it was to bring back. This lists it, or brings it into the state
root, where it is then as if a runner had collected it. A job that still ran has no result: it is "lost". What is recorded
of another machine, or has its end here already, is not replaced.

Examples:
  pikaci recover
  pikaci recover 20261123-164501-abc123 unit && pikaci resume 20261123-164501-abc123
`;

export const SHELL_HELP = `
The job must be running, or have failed in a run with --keep-on-failure. The shell is the job's user in the job's
workspace. It does not keep the machine: that is removed when the job ends, or when what keeps it runs out.

Example:
  pikaci run --keep-on-failure || pikaci shell 20261123-164501-abc123 unit
`;

export const LIST_HELP = `
Examples:
  pikaci list --limit 10
  pikaci list --target unit --status failed
  pikaci list --branch main --output json | jq '.runs[0].status'
`;

export const TESTS_HELP = `
A line for each test that failed or was flaky in the newest runs whose jobs have "reports": how it stands, how often it failed, how
long it takes, its job, the run in which it failed last, and its name. Flaky is what passed when it was repeated, or has
passed and failed in runs of one commit without changes.

Examples:
  pikaci tests --branch main
  pikaci tests --flaky --runs 200
  pikaci tests 'login' --output json | jq '.tests[0].last_failed_run_id'
`;

export const STATUS_HELP = `
With --output junit it is a JUnit XML report, as CI servers read it: a test case for each job, or for each step of a job
that has steps.

Examples:
  pikaci status 20261123-164501-abc123
  pikaci status 20261123-164501-abc123 --output junit >junit.xml

Exit status: 0 whatever became of the run, 2 when there is no such run, 3 when its record cannot be read.
`;

export const CANCEL_HELP = `
Does what one Ctrl-C in the process of the run does, from elsewhere: its jobs are told to end, what they have is collected,
and their machines go, or stay where the run was started with "--on-interrupt detach". Waits until that process has taken
notice, some 6 s.

Examples:
  pikaci cancel 20261123-164501-abc123

Exit status: 0 when it is being cancelled, or has ended; 2 when there is no such run, or its process is gone; 3 when
nobody took notice within 20 s.
`;

export const LOGS_HELP = `
One log is printed as it is; several as whole lines, each led by its job. Secrets are masked in what is kept. A terminal
gets text and colours only: what a guest wrote cannot move its cursor, change its title or fill its clipboard; --raw lets
all of it through. Pipes and files get every byte. With --follow on a terminal the tree of the run stands below the logs.

Examples:
  pikaci logs 20261123-164501-abc123 --job unit
  pikaci logs 20261123-164501-abc123 --follow
  pikaci logs 20261123-164501-abc123 --job unit --kind host
  pikaci logs 20261123-164501-abc123 --job unit --step build
  pikaci logs 20261123-164501-abc123 --job unit --service db
`;

export const SERVE_HELP = `
The address is printed when the server listens; Ctrl-C ends it. Everything is read only, unless --actions or --hooks says
otherwise. With PIKACI_SERVE_TOKEN set
(16 characters or more) every request must show it, as "Authorization: Bearer ..." or, in a browser, as the password
that is asked for. There is no TLS: put a reverse proxy in front of it. With --hooks it also takes signed webhooks of
forges, as "hooks" in the configuration says, and runs targets for them. With --actions runs are cancelled, run again and
gone on with from their pages, by whoever has the token. With --hosts the page /hosts shows what waits and what the hosts
of the configuration have: they are asked while somebody looks. With --terminal whoever has the token opens terminals in
the machines of jobs that run, or that were kept.

Examples:
  pikaci serve
  PIKACI_SERVE_TOKEN=$(cat token) pikaci serve --listen 0.0.0.0 --port 8080
  curl http://127.0.0.1:8787/news/api/forge/branch/main/logs

Exit status: 0 ended by Ctrl-C, 2 when a token or the secret of a hook is missing, 3 when the address cannot be listened on.
`;

export const REMOTE_DEFAULTS_HELP = `
An option stands above the environment, that above the configuration, and that above the default.
`;

export const FULFIL_HELP = `
The request names an output ("installable", "output_name", "protocol", "realized_path", or null to build it here) and
the links to it that are wanted ("requested_exposures"). Its payload manifest is validated first. The result is
printed as JSON.

Exit status: 0 done, 3 when it could not be carried out.
`;

export const COMPLETION_HELP = `
Completes commands, options and their values: targets and their jobs, recorded runs, machines and steps, hosts of
~/.ssh/config, files. It asks pikaci itself, and so a configuration that is a program is run for targets and jobs.

Examples, for the shell's own start file:
  eval "$(pikaci completion bash)"
  eval "$(pikaci completion zsh)"
  pikaci completion fish | source
`;

export const GITHUB_HELP = `
The runner calls github-hooks.js of this package (ACTIONS_RUNNER_CONTAINER_HOOKS), which is "pikaci github hooks" with the
configuration that PIKACI_GITHUB_CONFIG names: prepare_job opens a machine for the job's "container:", run_script_step runs
a step in it, cleanup_job removes it. "github" in the configuration says which images of jobs stand for which of Incus.

Example:
  pikaci github init --config /etc/pikaci/pikaci.config.json >>/home/runner/actions-runner/.env

Exit status of "hooks": that of the step; 1 for a job that is refused, 2 for bad usage, 3 when the machine or the host
failed, 130 when cancelled.
`;

export const GITLAB_HELP = `
A runner with executor = "custom" calls config, prepare, run and cleanup, each as a process of its own; each job has a
machine that is open from prepare to cleanup. "gitlab" in the configuration says which images of jobs stand for which
images of Incus.

Example:
  pikaci gitlab init --config /etc/pikaci/pikaci.config.json

Exit status of the four: as the runner's variables say, BUILD_FAILURE_EXIT_CODE for a job that failed,
SYSTEM_FAILURE_EXIT_CODE for all else; 2 when these are not set.
`;
