import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Cli } from './cli-harness.js';

test('the file that is written is a configuration that runs', async () => {
  const cli = new Cli({ files: {} });
  expect(await cli.run('init')).toBe(0);
  expect(cli.stdout.text).toContain(`Wrote ${cli.folder}/pikaci.config.json.`);
  expect(await cli.run('run', 'test', '--run-id', 'r')).toBe(0);
  expect(cli.pikaci.inputs[0]?.job).toMatchObject({ id: 'unit', command: 'npm test' });
});

test('a file that is there is not touched, and --force replaces it', async () => {
  const cli = new Cli({ files: { 'pikaci.config.json': 'mine' } });
  const file = join(cli.folder, 'pikaci.config.json');
  expect(await cli.run('init')).toBe(2);
  expect(cli.stderr.text).toContain('is there already; "pikaci init --force" replaces it');
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect(await cli.run('init', '--force')).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('"targets"');
});

test('a folder that is not there makes the exit status 3', async () => {
  const cli = new Cli({ cwd: '/nonexistent-folder' });
  expect(await cli.run('init')).toBe(3);
  expect(cli.stderr.text).toContain('cannot write /nonexistent-folder/pikaci.config.json');
});
