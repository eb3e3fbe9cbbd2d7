import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { configFault } from '../../../src/domain/config/config-fault.js';
import { Cli, configWith } from './cli-harness.js';

test.each([
  ['an unknown command', ['rnu'], /unknown command 'rnu'.*Did you mean run/s],
  ['an unknown option', ['run', '--jsonl'], /unknown option '--jsonl'.*--help/s],
  ['an unknown output', ['run', '--output', 'xml'], /Allowed choices are human, json, jsonl/],
  ['a superfluous argument', ['run', 't', 'u'], /too many arguments/],
  ['a bad run id', ['run', '--run-id', '../x'], /a run id is 1 to 64 letters/],
  ['a bad run id to attach to', ['attach', '..', 'a'], /a run id is/],
  ['a missing job', ['attach', 'r1'], /missing required argument 'job'/],
  ['an unknown target', ['run', 'nope'], /no target "nope"; the configuration has t/],
  ['an unknown job', ['run', 't', '--job', 'b'], /target "t" has no job b; it has a/],
  ['a host that is none', ['run', '--host', 'a b'], /--host: must be "local", "host"/],
  ['gc without saying of what', ['gc'], /pikaci gc --remote/],
  ['a config that is not there', ['run', '--config', 'x.json'], /x\.json: --config: there is no such file/],
])('%s exits 2 and says what would be right', async (_title, argv, message) => {
  const cli = new Cli();
  expect(await cli.run(...argv)).toBe(2);
  expect(cli.stderr.text).toMatch(message);
  expect(cli.stdout.text).toBe('');
  expect(cli.created).toEqual([]);
});

test('no command at all shows the help and exits 2', async () => {
  const cli = new Cli();
  expect(await cli.run()).toBe(2);
  expect(cli.stderr.text).toContain('First steps:');
});

test('--help explains the commands and exits 0', async () => {
  const cli = new Cli();
  expect(await cli.run('--help')).toBe(0);
  expect(cli.stdout.text).toMatch(/run \[options\] \[target\].*pikaci init/s);
});

test('run --help tells the exit statuses and gives examples', async () => {
  const cli = new Cli();
  expect(await cli.run('run', '--help')).toBe(0);
  expect(cli.stdout.text).toMatch(/pikaci run --output jsonl.*Exit status:.*130 {2}interrupted/s);
});

test('--version prints the version of the package', async () => {
  const cli = new Cli();
  const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(await cli.run('--version')).toBe(0);
  expect(cli.stdout.text).toBe(`${version}\n`);
});

test('several targets and none named: they are listed', async () => {
  const jobs = [{ id: 'a', command: 'true' }];
  const config = JSON.stringify({ host: 'local', targets: { lint: { jobs }, test: { jobs } } });
  const cli = new Cli({ files: { 'pikaci.config.json': config } });
  expect(await cli.run('run')).toBe(2);
  expect(cli.stderr.text).toBe('pikaci: which target? pikaci run lint | test\n');
});

test('a configuration that the library refuses exits 2', async () => {
  const fault = configFault(null, [{ path: 'backend', message: 'microvm is not there yet' }]);
  const cli = new Cli({ createFault: fault });
  expect(await cli.run('run')).toBe(2);
  expect(cli.stderr.text).toContain('backend: microvm is not there yet');
});

test('--job chooses among the jobs of the target, which keep their order', async () => {
  const cli = new Cli({ files: { 'pikaci.config.json': configWith(['a', 'b', 'c']) } });
  expect(await cli.run('run', '--job', 'c', '--job', 'a')).toBe(0);
  expect(cli.pikaci.inputs.map((input) => input.job.id)).toEqual(['a', 'c']);
});

test('the run id is made of the time and chance, said at once, and shared by the jobs', async () => {
  const cli = new Cli({ files: { 'pikaci.config.json': configWith(['a', 'b']) } });
  await cli.run('run');
  expect(cli.pikaci.inputs.map((input) => input.runId)).toEqual(Array(2).fill('20261123-164501-a1a2a3'));
  expect(cli.stderr.text.split('\n')[0]).toBe('pikaci: run 20261123-164501-a1a2a3 on ci@box:22');
});

test('--run-id names the run, --on-interrupt says what an interrupt does, the workspace is the folder of the config', async () => {
  const cli = new Cli({ files: { 'sub/c.json': configWith(['a']) } });
  await cli.run('run', '--config', 'sub/c.json', '--run-id', 'r1', '--on-interrupt', 'destroy');
  expect(cli.pikaci.inputs[0]).toMatchObject({
    runId: 'r1',
    onAbort: 'destroy',
    workspace: `${cli.folder}/sub`,
  });
});

test('--workspace is what is run; configuration and state root stay where the configuration is', async () => {
  const cli = new Cli({
    files: { 'trusted/c.json': configWith(['a']), 'tree/pikaci.config.json': 'not read' },
  });
  await cli.run('run', '--config', 'trusted/c.json', '--workspace', 'tree');
  expect(cli.pikaci.inputs[0]?.workspace).toBe(`${cli.folder}/tree`);
  expect(cli.created[0]).toMatchObject({
    config: { stateRoot: `${cli.folder}/trusted/.pikaci` },
    place: { baseDir: `${cli.folder}/trusted`, workspace: `${cli.folder}/tree` },
  });
});

test('a target runs as many jobs at once as its "parallel" says, and no more', async () => {
  let running = 0;
  const seen: number[] = [];
  const cli = new Cli({
    files: { 'pikaci.config.json': configWith(['a', 'b', 'c', 'd', 'e'], { parallel: 2 }) },
    script: async (job) => {
      running += 1;
      seen.push(running);
      await Promise.resolve();
      running -= 1;
      return job.end({});
    },
  });
  expect(await cli.run('run')).toBe(0);
  expect(seen).toHaveLength(5);
  expect(Math.max(...seen)).toBe(2);
});
