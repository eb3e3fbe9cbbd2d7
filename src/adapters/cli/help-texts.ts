/** What `--help` says beyond the list of options. */

const EXIT_CODES = `
Exit status:
  0    every job passed
  1    a job failed (also: timed out, or its machine was lost)
  2    bad usage or configuration
  3    the machinery failed, so a job has no result
  130  interrupted (also when the reader of the output has gone)
When jobs end in different ways the highest number counts.`;

export const PROGRAM_HELP = `
First steps:
  pikaci init       write a configuration, then say in it which host to use
  pikaci doctor     see whether the host is ready
  pikaci run        run the jobs
`;

export const RUN_HELP = `
Each job gets a fresh machine with a snapshot of the configuration's folder. The log goes to standard output,
everything else to standard error; both the log and the artifacts are kept under .pikaci/runs/<run id>/.

Examples:
  pikaci run                                  the only target of the configuration
  pikaci run test --job unit --job lint       two jobs of the target "test"
  pikaci run --host me@build.example:2222     on another host
  pikaci run --output jsonl | jq .            one event a line; the last one is "run_finished"
${EXIT_CODES}

Ctrl-C ends the jobs, collects what they have and removes their machines; --on-interrupt detach leaves them running
for "pikaci attach", destroy removes the machines at once. A second Ctrl-C leaves at once and says what is left.
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
state root. Works without a configuration when --host is given.

Exit status: 0 when a job can run (there may be warnings), 3 when a check failed, 2 for bad usage or configuration.
`;

export const INIT_HELP = `
The file is JSON with comments. A file that is there is not replaced without --force.
`;

export const GC_HELP = `
Every machine carries a lease that its owner renews. Those whose lease has ended are removed; one that is in use is
never touched. May be run at any time, by several at once.

Exit status: 0 done, 3 when something could not be removed, 2 for bad usage or configuration.
`;
