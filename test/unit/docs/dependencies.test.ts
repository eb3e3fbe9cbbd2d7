import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

it('the README has a reason for each dependency of the package, and none for another', () => {
  const readme = readFileSync('README.md', 'utf8');
  const [, table = ''] = readme.split('| dependency | why |\n');
  const rows = (table.split('\n\n')[0] ?? '').split('\n').filter((row) => row.startsWith('| `'));
  const named = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => name),
  );
  const { dependencies } = JSON.parse(readFileSync('package.json', 'utf8')) as { dependencies: object };
  expect(named.sort()).toEqual(Object.keys(dependencies).sort());
});
