import { expect, test } from 'vitest';
import { Cli } from './cli-harness.js';

const job = { id: 'a', command: 'true' };

async function complaint(text: string, name = 'pikaci.config.json', env = {}): Promise<string> {
  const cli = new Cli({ files: { [name]: text }, env });
  expect(await cli.run('run')).toBe(2);
  expect(cli.stdout.text).toBe('');
  return cli.stderr.text.replaceAll(cli.folder, '.');
}

test('a wrong value is named by its path, line and column', async () => {
  const text = `{
  // the host
  "host": "local",
  "targets": { "t": { "jobs": [
    { "id": "a", "command": "true", "timeoutSecs": "600" },
  ] } },
}`;
  expect(await complaint(text)).toBe(
    'pikaci: ./pikaci.config.json: targets.t.jobs[0].timeoutSecs (line 5, column 52): Invalid input: expected number, received string\n',
  );
});

test('every problem is told at once, keys that are no identifiers in quotes', async () => {
  const text = JSON.stringify({
    host: 'local',
    targets: { 'a-b': { jobs: [{ ...job, colour: 1 }], paralel: 1 } },
  });
  const told = await complaint(text);
  expect(told).toContain('has 2 problems:');
  expect(told).toMatch(/targets\["a-b"\]\.jobs\[0\]\.colour \(line 1, column \d+\): is not a known key/);
  expect(told).toMatch(/targets\["a-b"\]\.paralel \(line 1, column \d+\): is not a known key/);
});

test.each([
  ['host.ssh', { host: { ssh: 'a b' } }, 'host.ssh'],
  ['a misspelt key of the host', { host: { ssh: 'a', identityfile: 'x' } }, 'host.identityfile'],
  ['a host of another kind', { host: 5 }, 'host (line 1, column 9): must be "local" or an object with "ssh"'],
  ['a missing host', {}, 'host (line 1, column 1): must be "local"'],
  [
    'a transport that there is not',
    { host: 'local', incus: { transport: { via: 'x' } } },
    'incus.transport.via',
  ],
  ['a target name', { host: 'local', targets: { '../x': { jobs: [job] } } }, 'targets["../x"]'],
  ['two jobs of one id', { host: 'local', targets: { t: { jobs: [job, job] } } }, 'targets.t.jobs (line'],
])('the path of %s is named', async (_title, config, part) => {
  expect(await complaint(JSON.stringify(config))).toContain(part);
});

test.each([
  [
    'a missing comma',
    '{\n  "host": "local"\n  "backend": "incus"\n}',
    '(line 3, column 3): "," is expected here',
  ],
  ['a value left out', '{\n  "host": ,\n}', '(line 2, column 11): a value is expected here'],
  ['an end that is missing', '{ "host": "local"', '"}" is expected here'],
  ['an empty file', '', 'a value is expected here'],
  [
    'a key that stands twice',
    '{ "host": "local",\n  "host": "local" }',
    'host (line 2, column 3): stands here twice',
  ],
])('JSON with %s is refused with its place', async (_title, text, part) => {
  expect(await complaint(text)).toContain(part);
});

test('numbers of a matrix that read as others are refused with the fix, and no others', async () => {
  const config = (values: string) =>
    `{ "host": "local", "targets": { "t": { "jobs": [{ "id": "j", "command": "true", "matrix": ${values} }] } } }`;
  for (const [written, read] of [
    ['3.10', '3.1'],
    ['1.0', '1'],
    ['1e3', '1000'],
    ['12345678901234567890', '12345678901234567000'],
  ]) {
    const told = await complaint(config(`{ "python": [3.9, ${written}] }`));
    expect(told).toMatch(/targets\.t\.jobs\[0\]\.matrix\.python\[1\] \(line 1, column \d+\): /);
    expect(told).toContain(`would be read as ${read}; write "${written}", in quotes`);
    expect(await complaint(config(`{ "v": [1], "include": [{ "w": ${written} }] }`))).toContain(
      'matrix.include[0].w',
    );
  }
  const told = await complaint(config('{ "v": [-1, 0, 3.9, 20], "w": ["3.10"], "x": [] }'));
  expect(told).toMatch(/^pikaci: [^\n]*matrix\.x[^\n]*\n$/);
});

test('a syntax error in a TypeScript configuration names line and column', async () => {
  const told = await complaint('export default {\n  host: "local",,\n};\n', 'pikaci.config.ts');
  expect(told).toBe('pikaci: ./pikaci.config.ts: (line 2, column 17): syntax error: Unexpected token\n');
});

test('a TypeScript configuration without a default export is refused', async () => {
  expect(await complaint('export const config = {};\n', 'pikaci.config.ts')).toContain('no default export');
});

test('a TypeScript configuration that throws is refused with its words', async () => {
  expect(await complaint('\nthrow new Error("no such thing");\n', 'pikaci.config.ts')).toBe(
    'pikaci: ./pikaci.config.ts: (line 2, column 7): could not be loaded: Error: no such thing\n',
  );
});

test('values of a TypeScript configuration are checked with the same schema', async () => {
  const text = 'const n: number = -1;\nexport default { host: "local", leaseSecs: n };\n';
  expect(await complaint(text, 'pikaci.config.ts')).toMatch(/pikaci\.config\.ts: leaseSecs: Too small/);
});

test('without a configuration the way to one is shown', async () => {
  const cli = new Cli({ files: {} });
  expect(await cli.run('run', '--host', 'local')).toBe(2);
  expect(cli.stderr.text).toMatch(/none of pikaci\.config\.json, .*"pikaci init" writes one/);
});

test('parent folders are not searched', async () => {
  const outer = new Cli();
  const cli = new Cli({ files: {}, cwd: outer.folder.slice(0, outer.folder.lastIndexOf('/')) });
  expect(await cli.run('run')).toBe(2);
});

test('each missing secret is named by the path that asks for it, and no job starts', async () => {
  const secrets = { TOKEN: { env: 'MY_TOKEN' }, KEY: { env: 'MY_KEY' } };
  const text = JSON.stringify({ host: 'local', targets: { t: { jobs: [{ ...job, secrets }] } } }, null, 1);
  const told = await complaint(text, 'pikaci.config.json', { MY_KEY: '' });
  expect(told).toMatch(
    /secrets\.TOKEN\.env \(line \d+, column \d+\): the environment variable MY_TOKEN is not set/,
  );
  expect(told).toMatch(
    /targets\.t\.jobs\[0\]\.secrets\.KEY\.env .*: the environment variable MY_KEY is empty/,
  );
});

test('a syntax error in a file that the configuration imports names that file', async () => {
  const files = {
    'pikaci.config.ts': "import x from './jobs.ts';\nexport default x;\n",
    'jobs.ts': 'export default {{;\n',
  };
  const cli = new Cli({ files });
  expect(await cli.run('run')).toBe(2);
  expect(cli.stderr.text).toMatch(/syntax error: .*\(.*\/jobs\.ts:1:\d+\)/);
});
