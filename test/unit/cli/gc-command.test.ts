import { err, ok } from 'neverthrow';
import { expect, test } from 'vitest';
import { reapDocumentSchema } from '../../../src/domain/records/reap-document.js';
import { Cli } from './cli-harness.js';
import { NOTHING_KEPT as NOTHING, NOTHING_REAPED } from './scripted-pikaci.js';

test('it says which machines are gone and how many are in use', async () => {
  const cli = new Cli();
  cli.pikaci.reaped = ok({
    ...NOTHING_REAPED,
    deleted: ['pikaci-1'],
    alive: ['pikaci-2', 'pikaci-3'],
  });
  expect(await cli.run('gc', '--remote')).toBe(0);
  expect(cli.stdout.text).toBe(
    'removed pikaci-1\nci@box:22: 1 machine removed, 2 in use, 0 failed\n' +
      'ci@box:22: 0 snapshots and outputs removed, 0 B freed, 0 kept (0 B), 0 failed\n',
  );
  expect(cli.pikaci.reapOptions[0]?.dryRun).toBe(false);
});

test('--dry-run says what would be removed', async () => {
  const cli = new Cli();
  cli.pikaci.reaped = ok({
    ...NOTHING_REAPED,
    deleted: ['pikaci-1'],
  });
  expect(await cli.run('gc', '--remote', '--dry-run')).toBe(0);
  expect(cli.stdout.text).toContain('would remove pikaci-1\n');
  expect(cli.pikaci.reapOptions[0]?.dryRun).toBe(true);
});

test('it names what killed runners had left, and why it could not look for all of it', async () => {
  const cli = new Cli();
  const abandoned = ['/var/tmp/pikaci/runs/r/jobs/j'];
  cli.pikaci.reaped = ok({
    ...NOTHING_REAPED,
    abandoned,
    abandonedFailed: 'no answer',
  });
  expect(await cli.run('gc', '--remote')).toBe(3);
  expect(cli.stdout.text).toContain(
    'removed /var/tmp/pikaci/runs/r/jobs/j, which a killed runner had left\n',
  );
  expect(cli.stdout.text).toContain('could not look for what killed runners have left: no answer\n');
});

test('a machine that could not be removed makes the exit status 3', async () => {
  const cli = new Cli();
  cli.pikaci.reaped = ok({
    ...NOTHING_REAPED,
    failed: [{ instance: 'pikaci-1', message: 'busy' }],
  });
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

const DAY = 24 * 3600_000;
const evicted = {
  kind: 'snapshot',
  path: '/var/tmp/pikaci/snapshots/ab12',
  bytes: 3 * 1024 ** 2,
  lastUsedMs: 20_000 * DAY,
  mounted: false,
} as const;

test('what was evicted is named with its size and its last use, also in the document', async () => {
  const cli = new Cli();
  const kept = { evicted: [evicted], kept: { entries: 2, bytes: 2048 }, failed: [] };
  cli.pikaci.reaped = ok({
    ...NOTHING_REAPED,
    kept,
  });
  expect(await cli.run('gc', '--remote', '--keep-days', '7', '--keep-bytes', '1.5GiB')).toBe(0);
  expect(cli.stdout.text).toContain(
    'removed the snapshot /var/tmp/pikaci/snapshots/ab12 (3.0 MiB, last used 2024-10-04T00:00:00.000Z)\n' +
      'ci@box:22: 1 snapshot or output removed, 3.0 MiB freed, 2 kept (2.0 KiB), 0 failed\n',
  );
  expect(cli.pikaci.reapOptions[0]?.keep).toEqual({ keepDays: 7, keepBytes: 1.5 * 1024 ** 3 });

  const json = new Cli();
  json.pikaci.reaped = cli.pikaci.reaped;
  expect(await json.run('gc', '--remote', '--dry-run', '--output', 'json')).toBe(0);
  expect(json.pikaci.reapOptions[0]?.keep).toEqual({});
  expect(reapDocumentSchema.parse(JSON.parse(json.stdout.text))).toMatchObject({
    dry_run: true,
    evicted: [{ kind: 'snapshot', bytes: 3 * 1024 ** 2, last_used_at: '2024-10-04T00:00:00.000Z' }],
    freed_bytes: 3 * 1024 ** 2,
    kept_entries: 2,
    kept_bytes: 2048,
    eviction_failed: [],
  });
});

test('what could not be evicted makes the exit status 3', async () => {
  const cli = new Cli();
  const kept = {
    ...NOTHING,
    failed: [{ path: '/var/tmp/pikaci/prepared/x', message: 'read-only file system' }],
  };
  cli.pikaci.reaped = ok({
    ...NOTHING_REAPED,
    kept,
  });
  expect(await cli.run('gc', '--remote')).toBe(3);
  expect(cli.stdout.text).toContain('could not remove /var/tmp/pikaci/prepared/x: read-only file system\n');
});

test('bounds for the host need --remote, and a size must be one', async () => {
  const cli = new Cli();
  expect(await cli.run('gc', '--keep-runs', '3', '--keep-days', '7')).toBe(2);
  expect(cli.stderr.text).toContain('add --remote');
  expect(await cli.run('gc', '--remote', '--keep-bytes', 'much')).toBe(2);
  expect(cli.stderr.text).toContain('such as 500MB or 50GiB');
});
