import { err, ok } from 'neverthrow';
import { expect, it } from 'vitest';
import type { ListedCache } from '../../../src/application/gc/host-caches.js';
import { cacheDocumentSchema, cacheListDocumentSchema } from '../../../src/domain/records/cache-documents.js';
import { Cli } from './cli-harness.js';

const ID = 'ab'.repeat(16);
const cliOf = () => new Cli({ files: { 'pikaci.config.json': JSON.stringify({ host: 'local' }) } });
const listed: ListedCache = {
  id: ID,
  key: 'npm-\u001b[31m1',
  scope: 'trusted',
  path: '/home/pikaci/.npm',
  bytes: 1536 * 1024,
  madeAt: '2026-11-27T10:00:00.000Z',
  lastUsedAt: '2026-11-27T11:00:00.000Z',
  inUse: true,
};

it('cache list shows what the host has, for people and as lines or one document', async () => {
  const listCaches = async () => ok([listed, { ...listed, inUse: false }]);
  const say = async (...words: readonly string[]) => {
    const cli = cliOf();
    cli.pikaci.caches = { listCaches };
    expect(await cli.run('cache', 'list', ...words)).toBe(0);
    return cli.stdout.text;
  };
  const text = await say();
  expect(text).not.toContain('\u001b');
  expect(text).toMatch(/abababababab .*trusted {2}\/home\/pikaci\/.npm {2}1.5 MiB {2}2026.*yes\n.*no\n$/);
  const lines = (await say('--output', 'jsonl')).trimEnd().split('\n');
  expect(lines.map((line) => cacheDocumentSchema.parse(JSON.parse(line)))).toMatchObject([
    { id: ID, key: listed.key, path: listed.path, bytes: listed.bytes, in_use: true },
    { in_use: false },
  ]);
  const json = await say('--output', 'json');
  expect(cacheListDocumentSchema.parse(JSON.parse(json)).caches).toHaveLength(2);
  expect(await say('--json')).toBe(json);
  const none = cliOf();
  none.pikaci.caches = { listCaches: async () => ok([]) };
  await none.run('cache', 'list');
  expect(none.stdout.text).toBe('the host has no caches\n');
});

it('cache rm removes each, and exits with 2 for one that is in use', async () => {
  const cli = cliOf();
  const forced: (boolean | undefined)[] = [];
  cli.pikaci.caches = {
    removeCache: async (which, options) => {
      forced.push(options?.force);
      return which === 'used'
        ? err({ kind: 'cache_in_use', phase: null, host: 'h', message: 'used is in use' })
        : ok(listed);
    },
  };
  expect(await cli.run('cache', 'rm', 'used', ID)).toBe(2);
  expect(cli.stdout.text).toBe('removed npm-\\x1b[31m1 (abababababab)\n');
  expect(cli.stderr.text).toContain('used is in use');
  expect(await cli.run('cache', 'rm', 'other', '--force')).toBe(0);
  expect(forced).toEqual([false, false, true]);
});
