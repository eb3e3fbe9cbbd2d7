/** `pikaci.config.json` as the README has it. */
export function smallestConfig() {
  return {
    host: {
      ssh: 'ci@host.example:2222',
      identityFile: '/home/me/.ssh/id_ed25519',
      knownHostsFile: '/home/me/.ssh/known_hosts',
    },
    backend: 'incus',
    incus: { project: 'pikaci', profile: 'pikaci-job', image: 'pikaci/dev' },
    workDir: '/var/tmp/pikaci',
    targets: {
      t: {
        jobs: [
          {
            id: 'j',
            command: 'npm test',
            timeoutSecs: 600,
            runAsRoot: false,
            writableWorkspace: false,
            artifacts: ['/artifacts/**'],
          },
        ],
      },
    },
  };
}
