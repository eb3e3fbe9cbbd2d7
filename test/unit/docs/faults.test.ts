import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { artifactRuleSchema } from '../../../src/domain/job/artifact.js';
import { jobOutcomeSchema } from '../../../src/domain/job/job-outcome.js';
import { faultKinds } from '../../support/fault-kinds.js';
import { repositoryRoot } from '../../support/repository-root.js';

const document = readFileSync(join(repositoryRoot, 'docs/faults.md'), 'utf8');

/** The rows of the table below a heading; null when there is no such heading. */
function rows(heading: string): readonly (readonly [string, string, string])[] | null {
  const section = document.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  if (section === undefined) return null;
  return [...section.matchAll(/^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$/gm)].map(
    ([, kind = '', cause = '', remedy = '']) => [kind, cause.trim(), remedy.trim()] as const,
  );
}

const publicNames = readFileSync(join(repositoryRoot, 'src/index.ts'), 'utf8');

/** What the library exports, and what the document tells besides. */
const documented: [string, string[]][] = [
  ...[...faultKinds(['src/ports', 'src/domain', 'src/application'])].filter(
    ([name]) => new RegExp(`\\b${name}\\b`).test(publicNames) || rows(name) !== null,
  ),
  ['Causes of an outcome', [...jobOutcomeSchema.shape.cause.options]],
  ['Artifact rules', [...artifactRuleSchema.options]],
];

describe('docs/faults.md', () => {
  it('is held to the faults that the source has', () => {
    const names = documented.map(([name]) => name);
    for (const name of ['ShellFault', 'IncusFault', 'FileFault', 'ScanFault', 'JobFault', 'ConfigFault']) {
      expect(names).toContain(name);
    }
  });

  it.each(documented)('has each kind, its cause and its remedy, and no other: %s', (name, kinds) => {
    const table = rows(name);
    expect(kinds.length).toBeGreaterThan(0);
    expect(table?.map(([kind]) => kind).sort()).toEqual([...kinds].sort());
    expect(table?.filter(([, cause, remedy]) => cause === '' || remedy === '')).toEqual([]);
  });
});
