import { expect, test } from 'vitest';
import { Cli, type CliOptions, configWith } from './cli-harness.js';

const targets = { t: { jobs: [{ id: 'a', command: 'true' }] } };

async function created(options: CliOptions, ...argv: string[]) {
  const cli = new Cli(options);
  const code = await cli.run('run', ...argv);
  expect(cli.stderr.text).not.toMatch(/problem|refused/);
  expect(code).toBe(0);
  const config = cli.created[0]?.config;
  if (config === undefined) throw new Error('the library was not made');
  return { cli, config };
}

test('relative paths start at the folder of the configuration, and ~ is the home directory', async () => {
  const config = {
    host: { ssh: 'ci@box', identityFile: '~/.ssh/id', knownHostsFile: 'keys/known', sshConfigFile: '/etc/c' },
    incus: {
      transport: {
        via: 'https',
        url: 'https://box:8443',
        clientCertFile: 'c.crt',
        clientKeyFile: './c.key',
        serverCertFile: '~/s.crt',
      },
    },
    targets,
  };
  const { cli, config: seen } = await created(
    { files: { 'sub/c.json': JSON.stringify(config) } },
    '--config',
    'sub/c.json',
  );
  const sub = `${cli.folder}/sub`;
  expect(seen.host).toMatchObject({
    identityFile: '/home/me/.ssh/id',
    knownHostsFile: `${sub}/keys/known`,
    sshConfigFile: '/etc/c',
  });
  expect(seen.incus?.transport).toMatchObject({
    clientCertFile: `${sub}/c.crt`,
    clientKeyFile: `${sub}/c.key`,
    serverCertFile: '/home/me/s.crt',
  });
  expect(seen.stateRoot).toBe(`${sub}/.pikaci`);
  expect(cli.created[0]?.place.baseDir).toBe(sub);
});

test('--state-root beats PIKACI_STATE_ROOT, which beats the configuration; both start at the current folder', async () => {
  const files = { 'c/pikaci.config.json': configWith(['a']) };
  const env = { PIKACI_STATE_ROOT: 'from-env' };
  const argv = ['--config', 'c/pikaci.config.json'];
  const byOption = await created({ files, env }, ...argv, '--state-root', 'given');
  expect(byOption.config.stateRoot).toBe(`${byOption.cli.folder}/given`);
  const byEnv = await created({ files, env }, ...argv);
  expect(byEnv.config.stateRoot).toBe(`${byEnv.cli.folder}/from-env`);
});

test('--host puts another host in and keeps keys and known hosts', async () => {
  const host = { ssh: 'ci@box', identityFile: '/key', knownHostsFile: '/known' };
  const files = { 'pikaci.config.json': JSON.stringify({ host, targets }) };
  const { config } = await created({ files }, '--host', 'me@other:2222');
  expect(config.host).toMatchObject({ ssh: 'me@other:2222', identityFile: '/key', knownHostsFile: '/known' });
});

test('--host local needs no SSH, and --host makes up for a configuration without a host', async () => {
  const files = { 'pikaci.config.json': JSON.stringify({ targets }) };
  expect((await created({ files }, '--host', 'local')).config.host).toBe('local');
  expect((await created({ files }, '--host', 'box')).config.host).toMatchObject({ ssh: 'box' });
});

test('a TypeScript configuration is run, types and all', async () => {
  const text = `type Name = 'unit';
const id: Name = 'unit';
export default { host: 'local', targets: { t: { jobs: [{ id, command: 'true' }] } } } satisfies object;
`;
  const { cli } = await created({ files: { 'pikaci.config.ts': text } });
  expect(cli.pikaci.inputs[0]?.job.id).toBe('unit');
});

test.each(['pikaci.config.js', 'pikaci.config.mjs'])('%s is run', async (name) => {
  const text = `export default ${configWith(['a'])};\n`;
  const { cli } = await created({ files: { [name]: text } });
  expect(cli.pikaci.inputs).toHaveLength(1);
});

test('pikaci.config.json comes first when there are several', async () => {
  const { cli } = await created({
    files: { 'pikaci.config.json': configWith(['json']), 'pikaci.config.ts': 'throw new Error("not me")' },
  });
  expect(cli.pikaci.inputs[0]?.job.id).toBe('json');
});

test('secrets come from the environment, and only those of the chosen jobs are asked for', async () => {
  const jobs = [
    { id: 'a', command: 'true', secrets: { TOKEN: { env: 'MY_TOKEN' } } },
    { id: 'b', command: 'true', secrets: { OTHER: { env: 'UNSET' } } },
  ];
  const files = { 'pikaci.config.json': JSON.stringify({ host: 'local', targets: { t: { jobs } } }) };
  const { cli, config } = await created({ files, env: { MY_TOKEN: 's3cret' } }, '--job', 'a');
  expect(cli.pikaci.inputs[0]?.job.secrets).toEqual({ TOKEN: 's3cret' });
  expect(JSON.stringify(config)).not.toContain('s3cret');
  expect(cli.stderr.text + cli.stdout.text).not.toContain('s3cret');
});
