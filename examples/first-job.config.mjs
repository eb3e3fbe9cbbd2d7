import { readFileSync } from 'node:fs';

const host = JSON.parse(readFileSync(new URL('host.json', import.meta.url), 'utf8'));

export default {
  host: {
    ssh: `${host.user}@${host.host}:${host.port}`,
    identityFile: host.identityFile,
    knownHostsFile: host.knownHostsFile,
  },
  incus: { project: host.project, profile: host.profile, image: host.image },
  workDir: host.workDir,
  targets: {
    hello: {
      jobs: [
        {
          id: 'greet',
          command: 'echo "hello from $(hostname)" | tee /artifacts/greeting',
          artifacts: ['/artifacts/greeting'],
        },
      ],
    },
  },
};
