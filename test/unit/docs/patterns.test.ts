import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { patternCases } from '../../support/pattern-cases.js';
import { repositoryRoot } from '../../support/repository-root.js';

const escaped = (text: string) => text.replaceAll('|', '\\|');
const names = (all: readonly string[]) => all.map((one) => `\`${escaped(one)}\``).join(' ') || '–';

describe('docs/patterns.md', () => {
  it('has the table that every place is held to, row for row', () => {
    const document = readFileSync(join(repositoryRoot, 'docs/patterns.md'), 'utf8');
    const [, table = ''] = document.split(
      '| patterns | match | do not match | |\n| --- | --- | --- | --- |\n',
    );
    const rows = table.split('\n\n')[0]?.split('\n');
    expect(rows).toEqual(
      patternCases.map(
        ({ patterns, matches, others, says }) =>
          `| ${names(patterns)} | ${names(matches)} | ${names(others)} | ${escaped(says)} |`,
      ),
    );
  });
});
