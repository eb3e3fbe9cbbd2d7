/** What `pikaci init` writes: every setting that a newcomer may want, the others at their defaults. */
export const CONFIG_TEMPLATE = `{
  // The host on which the machines are made: "local" for this machine, or one that SSH reaches.
  // Its key has to stand in known_hosts: connect once with ssh, or use ssh-keyscan and compare the fingerprint.
  "host": {
    "ssh": "user@host:22",
    // "identityFile": "~/.ssh/id_ed25519",      // otherwise your agent's keys and ~/.ssh/config
    // "knownHostsFile": "~/.ssh/known_hosts",
  },
  "backend": "incus", // or "microvm", with
  // "microvm": { "runner": "/opt/pikaci/microvm-runner" }, // a directory on the host with bin/microvm-run
  "incus": {
    "project": "default",
    "profile": "default", // needs a root disk; "pikaci doctor" looks
    "image": "pikaci/dev", // alias of the image that each machine is made from
  },
  // Directory on the host for snapshots, caches and runs.
  "workDir": "/var/tmp/pikaci",
  // Where logs, artifacts and records are kept on this machine, relative to this file. Leave it out of git.
  "stateRoot": ".pikaci",
  // What "pikaci gc --remote" leaves on the host for later runs, of snapshots and of what command nodes made.
  "retention": {
    "keepDays": 30, // since its last use
    // "keepBytes": "50GiB",
  },

  // "pikaci run test" runs the jobs of the target "test". Each gets a fresh machine and a snapshot of this folder.
  "targets": {
    "test": {
      "parallel": 4, // jobs that run at the same time
      "jobs": [
        {
          "id": "unit",
          "command": "npm test", // run by /bin/sh in the workspace
          "timeoutSecs": 600,
          "runAsRoot": false,
          "writableWorkspace": true, // changes are thrown away with the machine
          // Absolute patterns lie under /artifacts in the machine; relative ones in the workspace.
          "artifacts": ["/artifacts/**", "coverage/**"],
          "env": { "CI": "true" },
          // Files in $PIKACI_SECRETS_DIR, from your environment, masked in every log:
          // "secrets": { "NPM_TOKEN": { "env": "NPM_TOKEN" } },
          // "limits": { "cpu": 2, "memory": "4GiB", "processes": 2000, "disk": "20GiB" },
        },
      ],
    },
  },
}
`;
