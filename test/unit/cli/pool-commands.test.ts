import { ok } from 'neverthrow';
import { expect, it } from 'vitest';
import {
  poolStatusDocumentSchema,
  waitingMachineDocumentSchema,
} from '../../../src/domain/records/pool-documents.js';
import { Cli } from './cli-harness.js';

const machine = (name: string, pool: string) => ({
  name,
  pool,
  isUp: name === 'one',
  createdAt: '2026-01-01T00:00:00Z',
  endsAt: '2026-01-01T01:00:00Z',
  image: 'f'.repeat(64),
  template: name === 'one' ? null : { name: 'node', key: 'a'.repeat(64), instance: 'pikaci-t' },
  replacedBecause: name === 'one' ? 'it is of another image' : null,
});
const waiting = [machine('one', 'p'), machine('two', 'other')];
const STATUS = { pool: 'p', size: 2, waiting, problem: 'there is no template "x"' };

async function said(...words: string[]) {
  const cli = new Cli();
  cli.pikaci.pool = { poolStatus: async () => ok(STATUS) };
  expect(await cli.run('pool', 'status', ...words)).toBe(0);
  return cli.stdout.text;
}

it('pool status is for people, or one document, or a line for each machine', async () => {
  const [head, why, one, two] = (await said()).split('\n');
  expect([head, why]).toEqual(['1 of 2 wait in the pool p', 'none can be made: there is no template "x"']);
  expect(one).toMatch(/^one +p +up +image f{12} +until .*Z +to be replaced: it is of another image$/);
  expect(two).toMatch(/^two +other +starting +template node a{12} +until .*Z$/);
  for (const words of [['--json'], ['--output', 'json']]) {
    const document = poolStatusDocumentSchema.parse(JSON.parse(await said(...words)));
    expect(document).toMatchObject({
      pool: 'p',
      size: 2,
      waiting: [
        { instance_name: 'one', is_up: true, template: null, replaced_because: 'it is of another image' },
        { template: { name: 'node' } },
      ],
      problem: 'there is no template "x"',
    });
  }
  const lines = (await said('--output', 'jsonl')).trimEnd().split('\n');
  expect(lines.map((line) => waitingMachineDocumentSchema.parse(JSON.parse(line)).pool)).toEqual([
    'p',
    'other',
  ]);
});

it('pool fill without room says how many it made, how many wait, and why there are no more', async () => {
  const cli = new Cli();
  const reason = 'Reached maximum number of instances in project "p"';
  const change = { made: ['a'], removed: [], isCutShort: true, waiting: 2, size: 5, reason };
  cli.pikaci.pool = { fillPool: async () => ok(change) };
  expect(await cli.run('pool', 'fill')).toBe(0);
  expect(cli.stdout.text).toBe('made a\n');
  expect(cli.stderr.text).toContain(`no room for all of the pool: 1 made, 2 of 5 wait: ${reason}`);
});
