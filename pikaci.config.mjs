// This project's own job: its unit tests, in a throw-away guest. `scripts/quickstart` starts a host, puts Node and the npm
// packages on it as prepared outputs, and says where they are in these two variables.
const quickstart = (name) => {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run ./scripts/quickstart`);
  return JSON.parse(value);
};
const host = quickstart('PIKACI_QUICKSTART_HOST');
const prepared = quickstart('PIKACI_QUICKSTART_PREPARED');

export default {
  host: {
    ssh: `${host.user}@${host.host}:${host.port}`,
    identityFile: host.identityFile,
    knownHostsFile: host.knownHostsFile,
  },
  backend: 'incus', // or what PIKACI_REMOTE_LINUX_VM_BACKEND says
  incus: { project: host.project, profile: host.profile, image: host.image },
  microvm: { runner: host.microvmRunner },
  workDir: host.workDir,
  targets: {
    'unit-tests': {
      description: "This project's own unit tests",
      jobs: [
        {
          id: 'vitest',
          command: [
            'node --version',
            'exec node /workspace/node_modules/vitest/vitest.mjs run --configLoader runner --no-isolate --project unit test/unit/domain test/unit/application test/unit/adapters \\',
            '  --reporter=default --reporter=junit --outputFile.junit=/artifacts/junit.xml',
          ].join('\n'),
          env: { PATH: '/opt/node/bin:/usr/local/bin:/usr/bin:/bin', NO_COLOR: '1' },
          timeoutSecs: 1800,
          limits: { cpu: 2, memory: '2GiB' },
          writableWorkspace: true,
          artifacts: ['/artifacts/*.xml'],
          preparedOutputs: [
            { name: 'node', path: prepared.node },
            { name: 'npm-packages', path: prepared.packages },
          ],
        },
      ],
    },
  },
};
