import { expect, test } from 'vitest';
import { doctorDocumentSchema } from '../../../src/domain/records/doctor-document.js';
import { Cli } from './cli-harness.js';

const checks = [
  { name: 'connection', status: 'ok', detail: 'it answers', remedy: null },
  {
    name: 'storage_pool',
    status: 'warning',
    detail: 'p uses dir\x1b[2J',
    remedy: 'incus storage create fast btrfs',
  },
  { name: 'image', status: 'failed', detail: 'not found', remedy: 'incus image copy …' },
  { name: 'clock', status: 'skipped', detail: 'no time', remedy: null },
] as const;

test('each check is a line with its remedy below it, and a failed one makes the exit status 3', async () => {
  const cli = new Cli();
  cli.pikaci.doctorReport = { host: 'ci@box:22', ok: false, checks };
  expect(await cli.run('doctor')).toBe(3);
  const settings = /^ {2}\S+ +\S+ {2}\(.*\)\n/gm;
  expect(cli.stdout.text.match(settings)).toHaveLength(8);
  expect(cli.stdout.text.replace(settings, '')).toBe(
    [
      'ci@box:22',
      '✓ connection: it answers',
      '! storage pool: p uses dir\\x1b[2J',
      '    → incus storage create fast btrfs',
      '✗ image: not found',
      '    → incus image copy …',
      '– clock: no time',
      '',
    ].join('\n'),
  );
  expect(cli.pikaci.closed).toBe(1);
});

test('warnings alone leave the exit status 0', async () => {
  const cli = new Cli();
  cli.pikaci.doctorReport = { host: 'ci@box:22', ok: true, checks: checks.slice(0, 2) };
  expect(await cli.run('doctor')).toBe(0);
});

test('--output json prints one document; no configuration is needed with --host', async () => {
  const cli = new Cli({ files: {} });
  cli.pikaci.doctorReport = { host: 'local', ok: false, checks };
  expect(await cli.run('doctor', '--output', 'json', '--host', 'local')).toBe(3);
  const document = doctorDocumentSchema.parse(JSON.parse(cli.stdout.text));
  expect(document.checks).toEqual(checks);
  expect(cli.created[0]?.config.host).toBe('local');
});

test('without a configuration and without --host it says what is needed', async () => {
  const cli = new Cli({ files: {} });
  expect(await cli.run('doctor')).toBe(2);
  expect(cli.stderr.text).toContain('or say which host with --host user@host');
});
