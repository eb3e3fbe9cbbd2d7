import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { workspaceExpressions } from '../../../../../src/application/machine/microvm/workspace-pattern.js';
import { hasNegation, patternCases } from '../../../../support/pattern-cases.js';
import { temporaryDirectory } from '../../../../support/temporary-directory.js';

/** What the guest sets aside, as `pikaci-microvm-guest` chooses it. */
async function setAside(patterns: readonly string[], paths: readonly string[]): Promise<readonly string[]> {
  await using directory = await temporaryDirectory();
  const { wanted, unwanted } = workspaceExpressions(patterns);
  const keep = (flags: string, name: string, lines: Uint8Array, names: readonly string[]) => {
    const file = join(directory.path, name);
    writeFileSync(file, lines);
    const env = { PATH: process.env['PATH'], LC_ALL: 'C' };
    const grep = spawnSync('grep', [flags, '-f', file], {
      input: names.map((path) => `${path}\0`).join(''),
      env,
    });
    expect(grep.stderr.toString()).toBe('');
    return grep.stdout.toString().split('\0').slice(0, -1);
  };
  const some = keep(
    '-zE',
    'workspace-artifacts',
    wanted,
    paths.map((path) => `./${path}`),
  );
  const rest = unwanted.length === 0 ? some : keep('-zvE', 'workspace-left-out', unwanted, some);
  return rest.map((path) => path.slice(2));
}

describe('what a microVM sets aside of its workspace', () => {
  for (const row of patternCases) {
    it(`is what ${row.patterns.join('  ')} asks for`, async () => {
      const chosen = await setAside(row.patterns, [...row.matches, ...row.others]);
      if (hasNegation(row)) expect(chosen).toEqual(expect.arrayContaining([...row.matches]));
      else expect(chosen).toEqual(row.matches);
    });
  }

  it('is no more than one name more where a pattern holds a "!(…)"', async () => {
    const paths = ['out/a.c', 'out/a.o', 'out/sub/a.c', 'src/a.c', 'node_modules/x/y'];
    expect(await setAside(['out/!(*.o)'], paths)).toEqual(['out/a.c', 'out/a.o']);
    expect(await setAside(['**', '!node_modules', '!out/!(sub)'], paths)).toEqual(paths.slice(0, 4));
  });

  it('is nothing of what lies in the artifacts already, and nothing for patterns that only leave out', async () => {
    expect(workspaceExpressions(['/artifacts/**', '!**/*.log']).wanted).toHaveLength(0);
    expect(await setAside(['out/*', '!out/*.o', '!/artifacts/out'], ['out/a', 'out/b.o', 'x'])).toEqual([
      'out/a',
    ]);
  });

  it('takes names of any bytes', async () => {
    expect(await setAside(['out'], ['out/new\nline', 'out/é'])).toEqual(['out/new\nline', 'out/é']);
  });
});
