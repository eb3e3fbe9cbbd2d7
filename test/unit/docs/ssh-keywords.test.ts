import { expect, it } from 'vitest';
import { SSH_KEYWORDS } from '../../../src/adapters/ssh2/ssh-config-keywords.js';
import { documentText } from '../../support/documents.js';

it('docs/operations.md has every keyword of the SSH configuration, with what the code does with it', () => {
  const rows = [
    ...documentText('docs/operations.md').matchAll(/^\| `(\w+)` \| (honoured|refused|harmless) \|$/gm),
  ];
  const told = rows.map(([, name = '', treatment = '']) => [name, treatment]).sort();
  const done = [...SSH_KEYWORDS].map(([name, { treatment }]) => [name, treatment]).sort();
  expect(told.length).toBeGreaterThan(100);
  expect(told).toEqual(done);
});
