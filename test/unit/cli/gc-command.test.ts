import { err, ok } from 'neverthrow';
import { expect, test } from 'vitest';
import { reapDocumentSchema } from '../../../src/domain/reap-document.js';
import { Cli } from './cli-harness.js';

test('it says which machines are gone and how many are in use', async () => {
  const cli = new Cli();
  cli.pikaci.reaped = ok({ deleted: ['pikaci-1'], alive: ['pikaci-2', 'pikaci-3'], failed: [] });
  expect(await cli.run('gc', '--remote')).toBe(0);
  expect(cli.stdout.text).toBe('removed pikaci-1\nci@box:22: 1 machine removed, 2 in use, 0 failed\n');
  expect(cli.pikaci.reapOptions[0]?.dryRun).toBe(false);
});

test('--dry-run says what would be removed', async () => {
  const cli = new Cli();
  cli.pikaci.reaped = ok({ deleted: ['pikaci-1'], alive: [], failed: [] });
  expect(await cli.run('gc', '--remote', '--dry-run')).toBe(0);
  expect(cli.stdout.text).toContain('would remove pikaci-1\n');
  expect(cli.pikaci.reapOptions[0]?.dryRun).toBe(true);
});

test('a machine that could not be removed makes the exit status 3', async () => {
  const cli = new Cli();
  cli.pikaci.reaped = ok({ deleted: [], alive: [], failed: [{ instance: 'pikaci-1', message: 'busy' }] });
  expect(await cli.run('gc', '--remote', '--output', 'json')).toBe(3);
  expect(reapDocumentSchema.parse(JSON.parse(cli.stdout.text))).toMatchObject({
    host: 'ci@box:22',
    dry_run: false,
    failed: [{ instance: 'pikaci-1', message: 'busy' }],
  });
});

test('a host that cannot be reached makes the exit status 3', async () => {
  const cli = new Cli();
  cli.pikaci.reaped = err({ kind: 'host', phase: null, host: 'ci@box:22', message: 'no route' });
  expect(await cli.run('gc', '--remote')).toBe(3);
  expect(cli.stderr.text).toBe('pikaci: host on ci@box:22: no route\n');
  expect(cli.pikaci.closed).toBe(1);
});
